// Package mimetype tells the Content-Type of a file by its name, the same on every
// machine: it reads neither the content nor the system's tables. Assets and the
// commands that upload to R2 use it.
package mimetype
