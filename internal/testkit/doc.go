// Package testkit holds what tests of several packages need: a captured log, files of a
// project, waiting for another process, HTTP stub servers and requests, and servers
// (Redis, MinIO) as processes of a test. Only tests import it.
package testkit
