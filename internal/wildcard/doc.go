// Package wildcard matches patterns with stars: those of mocks and of scripted
// answers.
package wildcard
