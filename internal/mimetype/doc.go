// Package mimetype knows the Content-Type of a file by its name.
package mimetype
