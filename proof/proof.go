// Package proof is what leaves the installation to be checked offline, without trusting the operator.
//
// Owns: the canonical form that is hashed; the 65-byte leaf of the log, its tag and its commitment; receipts; the
// digest of a usage window; the proof file of an invoice; and the functions that verify each of them.
// Does not own: the log, the database, keys or the network; whoever has the files can run all of it.
// Reads: files and bytes that it is given.
// Writes: nothing.
package proof
