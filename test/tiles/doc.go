// Package tiles reads the fact log of the built program as a stranger does: with the public modules of transparency-dev
// and the Go project alone.
//
// Owns: the proof that nobody needs our code to read and check the log.
// Does not own: the log (trace), what its leaves say (proof).
// Reads: the log's public address and its folder.
// Writes: an installation in a temporary folder.
//
// No file here imports a package of Halle; a test holds that too.
package tiles
