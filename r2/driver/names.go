package driver

// ValidBucketName holds the rule of
// https://developers.cloudflare.com/r2/buckets/create-buckets/, which also
// makes every name a safe folder name.
func ValidBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
