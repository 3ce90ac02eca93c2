package design

import (
	"fmt"
	"html/template"
	"time"

	"github.com/halle-cloud/halle/web/design/badge"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/chart"
	"github.com/halle-cloud/halle/web/design/icon"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/locale"
)

// Themes lists what the theme cookie may hold; the first follows the device.
func Themes() []string { return []string{"auto", "light", "dark"} }

// funcs is what templates may call, bound to one language.
func funcs(l *locale.Locale, a *assets) template.FuncMap {
	icons := icon.New()
	return template.FuncMap{
		// texts and values in the page's language
		"t": l.T, "number": number(l), "decimal": l.Decimal, "percent": l.Percent, "money": l.Money, "bytes": l.Bytes,
		"date": l.Date, "datelong": l.DateLong, "month": l.Month, "instant": l.Instant, "clock": l.Clock,
		"ago": l.Ago, "iso": l.ISO, "duration": l.Duration,
		"languages": locale.Languages, "themes": Themes, "themeicon": themeIcon,
		// signs and assets
		"icon": func(name string) (template.HTML, error) {
			if svg, ok := icons[name]; ok {
				return svg, nil
			}
			return "", fmt.Errorf("there is no icon %q", name)
		},
		"mark": icon.Mark, "asset": a.url,
		// small components made in place: {{template "badge" (badge "good" (t "…"))}}
		"badge": func(tone part.Tone, text string) badge.Badge { return badge.Badge{Tone: tone, Text: text} },
		"button": func(text, url string, kind button.Kind) button.Button {
			return button.Button{Text: text, URL: url, Kind: kind}
		},
		"post": func(text, url string, kind button.Kind) button.Button {
			return button.Button{Text: text, URL: url, Kind: kind, Post: true}
		},
		"drawing": func(c chart.Chart) chart.Drawing { return chart.Draw(l, c) },
		"inc":     func(i int) int { return i + 1 },
		"time":    func(t time.Time, text string) template.HTML { return timeTag(l, t, text) },
	}
}

// number takes any integer, because templates hand in int and int64 alike.
func number(l *locale.Locale) func(any) string { return l.Value }

// timeTag is <time> with the machine's form beside the person's.
func timeTag(l *locale.Locale, t time.Time, text string) template.HTML {
	return template.HTML(`<time datetime="` + l.ISO(t) + `">` + template.HTMLEscapeString(text) + `</time>`)
}

func themeIcon(theme string) string {
	switch theme {
	case "light":
		return "sun"
	case "dark":
		return "moon"
	}
	return "auto"
}
