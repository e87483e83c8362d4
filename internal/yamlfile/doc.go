// Package yamlfile reads the YAML that people write for flint: mocks and
// scripted answers. A key that does nothing is a slip, so it is an error.
package yamlfile
