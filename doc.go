// Package halle is the map of the module; it holds no code of the product.
//
// Halle is a cloud broker: customers buy applications and infrastructure from many publishers and many clouds under
// one contract and one bill, and check offline what the broker promises. Business packages stand flat at the root, in
// the order in which data flows; a package imports only packages above it:
//
//	money price tax access proof      pure rules: amounts, prices, taxes, permissions, formats that are checked offline
//	trace                             the facts, and the tamper-evident log they are committed to
//	party signin                      who is a customer, a publisher, a reseller; who is calling
//	residency catalog                 where data may live; what is for sale
//	order placement                   what was bought, and the region that was chosen for it
//	network provision                 private networks; resources made on engines by drivers
//	subscription device workspace     the commercial life; devices; a person's desk
//	meter care                        what was used; what went wrong
//	rating billing settlement         charges, invoices, and who gets which cent
//	privacy exit                      what is known of a person; leaving and arriving
//
// Below them the edges (driver, app, api, web, client, cli, cmd, bench), and beside them internal, plumbing without
// business words. ARCHITECTURE.md tells the cycle, GLOSSARY.md the nouns; arch_test.go enforces the order.
//
// Owns: the tests of the house: the order of the packages, their comments, the style numbers.
// Does not own: anything that runs.
// Reads: the source tree, in tests.
// Writes: nothing.
package halle
