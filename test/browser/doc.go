// Package browser drives the portal in a real Chromium, as a customer would, and checks every page with axe.
//
// Owns: the journeys (*.mjs) and the one way to start the built program for them.
// Does not own: the pages (web) or what they promise (the business packages).
// Reads: HALLE_SHOTS (folder for pictures), HALLE_CHROMIUM; the program it builds; node_modules made by npm ci.
// Writes: pictures, where HALLE_SHOTS asks for them.
package browser
