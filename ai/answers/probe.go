package answers

// LookAtEachCall has the scripts' folders looked at with every call, for tests
// that change a file and ask at once.
func (s *Sources) LookAtEachCall() { s.scripts.checkInterval = 0 }
