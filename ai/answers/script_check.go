package answers

// CheckScriptsOnEachCall makes every call check the folders for changes, for
// tests that change a file and then call at once.
func (s *Sources) CheckScriptsOnEachCall() { s.scripts.checkInterval = 0 }
