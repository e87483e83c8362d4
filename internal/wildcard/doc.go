// Package wildcard matches the patterns of mocks and scripts.
package wildcard
