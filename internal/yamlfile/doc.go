// Package yamlfile decodes the YAML that people write for flint: mocks and scripted
// answers. A key that flint does not know is an error, because it would have no effect,
// and errors are written for the person who wrote the file: line, key and what is
// expected, without names of Go types.
package yamlfile
