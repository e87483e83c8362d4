package conformance

import (
	"strings"
	"testing"
)

// s3StoreLacks are the steps to which R2 in an S3 store cannot answer as on disk, and the
// reason.
var s3StoreLacks = map[string]string{
	"r2/encryption/put checksum condition get head large list multipart multipart-refused not-encrypted range refused replaced stream": "SSE-C is refused by name",
	"r2/objects/ssec":                       "SSE-C is refused by name",
	"r2/options/multipart-ssec part-ssec":   "SSE-C is refused by name",
	"r2/limits/metadata-8192 metadata-wide": "S3 keeps 2 KiB of metadata",
	"r2/arguments/multipart-empty":          "S3 makes no object of no parts: one empty part stands for them",
}

// s3StoreLack returns the reason why a step differs in an S3 store; empty if it does not.
func s3StoreLack(id string) string {
	for steps, why := range s3StoreLacks {
		i := strings.LastIndexByte(steps, '/') + 1
		for name := range strings.FieldsSeq(steps[i:]) {
			if steps[:i]+name == id {
				return why
			}
		}
	}
	return ""
}

// judgeOnS3Store judges a step with R2 in an S3 store. A step of s3StoreLacks must differ.
func judgeOnS3Store(t *testing.T, id string, problems []string) {
	why := s3StoreLack(id)
	switch {
	case why == "":
		for _, p := range problems {
			t.Error(p)
		}
	case len(problems) == 0:
		t.Errorf("flint answers as on disk: take this step out of storeLacks, which says: %s", why)
	}
}
