// Package icon draws the small signs of the portal: one stroke, 20 units square, in the colour of the text.
//
// Owns: the shapes, the mark of Halle.
// Does not own: sizes and colours (styles).
// Reads: nothing.
// Writes: nothing.
package icon

import (
	"html/template"
	"maps"
	"slices"
)

// shapes lists the inside of each sign, drawn on a grid of 20.
func shapes() map[string]string {
	return map[string]string{
		"arrow":    `<path d="M3.5 10h12.5M11.5 5.5 16 10l-4.5 4.5"/>`,
		"auto":     `<circle cx="10" cy="10" r="6.5"/><path d="M10 3.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/>`,
		"book":     `<path d="M10 5C8 3.6 5.6 3.3 3 3.5v12c2.6-.2 5 .1 7 1.5 2-1.4 4.4-1.7 7-1.5v-12C14.4 3.3 12 3.6 10 5zM10 5v12"/>`,
		"building": `<path d="M4 17V3.5h8V17M12 8h4.5v9M2.5 17h15M6.8 6.5h2.4M6.8 9.5h2.4M6.8 12.5h2.4"/>`,
		"cart":     `<path d="M2.5 3.5h2l2 9H15l1.8-6.5H5.2"/><circle cx="7.5" cy="16" r="1.2"/><circle cx="14" cy="16" r="1.2"/>`,
		"bank":     `<path d="M3 8l7-4.5L17 8zM4.5 8v6.5M8 8v6.5M12 8v6.5M15.5 8v6.5M3 16.5h14"/>`,
		"chart":    `<path d="M3 17h14M5.5 14v-3.5M10 14V5M14.5 14V8"/>`,
		"check":    `<path d="m4 10.5 4 4 8-9"/>`,
		"chevron":  `<path d="m7.5 4.5 5.5 5.5-5.5 5.5"/>`,
		"clock":    `<circle cx="10" cy="10" r="7"/><path d="M10 6v4.2l2.8 1.6"/>`,
		"copy":     `<rect x="7" y="7" width="9.5" height="9.5" rx="1.5"/><path d="M13 7V4.5a1 1 0 0 0-1-1H4.5a1 1 0 0 0-1 1V12a1 1 0 0 0 1 1H7"/>`,
		"cross":    `<path d="m5 5 10 10M15 5 5 15"/>`,
		"device":   `<rect x="3" y="3.5" width="14" height="9.5" rx="1.5"/><path d="M7 16.5h6M10 13v3.5"/>`,
		"down":     `<path d="m4.5 7.5 5.5 5.5 5.5-5.5"/>`,
		"download": `<path d="M10 3v9.5M6 9l4 4 4-4M3.5 16.5h13"/>`,
		"exit":     `<path d="M12 3.5H4.5v13H12M8.5 10h8M13.5 7l3 3-3 3"/>`,
		"external": `<path d="M8 4H4v12h12v-4M11 4h5v5M16 4l-7 7"/>`,
		"filter":   `<path d="M3 5h14M5.5 10h9M8.5 15h3"/>`,
		"home":     `<path d="M3 9.5 10 3.5l7 6M5 8v8.5h10V8"/>`,
		"info":     `<circle cx="10" cy="10" r="7"/><path d="M10 9.3v4.5M10 6.3v.1"/>`,
		"invoice":  `<path d="M5 2.5h10v15L12.5 16 10 17.5 7.5 16 5 17.5zM7.5 6.5h5M7.5 9.5h5M7.5 12.5h3"/>`,
		"key":      `<circle cx="6.5" cy="13" r="3.5"/><path d="m9 10.5 7.5-7.5M13.5 6l2.5 2.5"/>`,
		"language": `<circle cx="10" cy="10" r="7"/><path d="M3 10h14M10 3c2.5 2.2 3.5 4.6 3.5 7s-1 4.8-3.5 7c-2.5-2.2-3.5-4.6-3.5-7S7.5 5.2 10 3z"/>`,
		"law":      `<path d="M10 3v14M6.5 17h7M4 5.5h12M4 5.5l-2 5.5a2.3 2.3 0 0 0 4 0zM16 5.5l-2 5.5a2.3 2.3 0 0 0 4 0z"/>`,
		"lock":     `<rect x="4.5" y="9" width="11" height="8" rx="1.5"/><path d="M7 9V6.5a3 3 0 0 1 6 0V9"/>`,
		"mail":     `<rect x="3" y="4.5" width="14" height="11" rx="1.5"/><path d="m3.5 6 6.5 5 6.5-5"/>`,
		"menu":     `<path d="M3 5.5h14M3 10h14M3 14.5h14"/>`,
		"moon":     `<path d="M16.5 12A7 7 0 0 1 8 3.5a6.8 6.8 0 1 0 8.5 8.5z"/>`,
		"network":  `<circle cx="10" cy="4.5" r="2"/><circle cx="4.5" cy="15" r="2"/><circle cx="15.5" cy="15" r="2"/><path d="m9 6.3-3.6 7M11 6.3l3.6 7M6.5 15h7"/>`,
		"people":   `<circle cx="7.5" cy="7" r="2.8"/><path d="M2.5 16c.5-3 2.4-4.5 5-4.5s4.5 1.5 5 4.5M12.5 4.5a2.8 2.8 0 0 1 0 5M14.5 12c1.7.6 2.7 2 3 4"/>`,
		"place":    `<path d="M10 17.5s5.5-5 5.5-9.2a5.5 5.5 0 0 0-11 0c0 4.2 5.5 9.2 5.5 9.2z"/><circle cx="10" cy="8.2" r="1.9"/>`,
		"plus":     `<path d="M10 4v12M4 10h12"/>`,
		"refresh":  `<path d="M16 10a6 6 0 1 1-1.8-4.3M16.5 3v3.5H13"/>`,
		"seal":     `<circle cx="10" cy="8" r="5.5"/><path d="m7.6 8.1 1.7 1.7 3.1-3.3M6.8 12.8 6 17.5l4-2 4 2-.8-4.7"/>`,
		"search":   `<circle cx="9" cy="9" r="5.5"/><path d="m13.2 13.2 4 4"/>`,
		"settings": `<path d="M3 6h8M15 6h2M3 14h2M9 14h8"/><circle cx="13" cy="6" r="2"/><circle cx="7" cy="14" r="2"/>`,
		"shop":     `<path d="M3 8l1.5-4.5h11L17 8M3 8a2.3 2.3 0 0 0 4.7 0 2.3 2.3 0 0 0 4.6 0A2.3 2.3 0 0 0 17 8M4.5 10.3V17h11v-6.7"/>`,
		"stop":     `<rect x="5" y="5" width="10" height="10" rx="1"/>`,
		"start":    `<path d="M6 4v12l10-6z"/>`,
		"sun":      `<circle cx="10" cy="10" r="3.3"/><path d="M10 2.5v1.7M10 15.8v1.7M2.5 10h1.7M15.8 10h1.7M4.7 4.7l1.2 1.2M14.1 14.1l1.2 1.2M4.7 15.3l1.2-1.2M14.1 5.9l1.2-1.2"/>`,
		"tag":      `<path d="M3 3.5h6.5l7.5 7.5-6 6L3.5 9.5z"/><circle cx="6.7" cy="7" r="1"/>`,
		"user":     `<circle cx="10" cy="6.5" r="3.3"/><path d="M3.5 17c.6-3.6 3.2-5.3 6.5-5.3s5.9 1.7 6.5 5.3"/>`,
		"warning":  `<path d="M10 3 2.5 16.5h15zM10 8.2v4M10 14.3v.1"/>`,
	}
}

// Names lists the signs in order.
func Names() []string { return slices.Sorted(maps.Keys(shapes())) }

// Set is every sign as finished HTML, made once at start.
type Set map[string]template.HTML

// New draws the set.
func New() Set {
	set := Set{}
	for name, inside := range shapes() {
		set[name] = template.HTML(`<svg class="icon icon-` + name + `" viewBox="0 0 20 20" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">` + inside + `</svg>`)
	}
	return set
}

// Mark is the sign of Halle: the gable of a market hall, iron ribs and panes of glass.
func Mark() template.HTML {
	return `<svg class="mark" viewBox="0 0 32 32" width="32" height="32" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">` + markShape + `</svg>`
}

// Favicon is the mark as a file of its own.
func Favicon() string {
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#123a2e"/><g transform="translate(4 4) scale(.75)" fill="none" stroke="#e9f4ee" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round">` + markShape + `</g></svg>`
}

const markShape = `<path d="M3 28V14C3 7.4 8.8 3 16 3s13 4.4 13 11v14"/><path d="M3 15h26"/><path d="M16 3v12M9.5 4.9 11 15M22.5 4.9 21 15"/><path d="M11 28v-6a5 5 0 0 1 10 0v6"/><path d="M1.5 28h29"/>`
