package customer

import (
	"github.com/halle-cloud/halle/catalog"
	"github.com/halle-cloud/halle/web/site"
)

// Licence says by what right a plan's software may be used, in a line; "" for a plan that is paid by use alone.
func Licence(r *site.Request, l *catalog.Licence) string {
	if l == nil {
		return ""
	}
	text := ""
	switch {
	case l.Kind == catalog.LicenceTerm:
		text = r.T("shop.licence.term", "n", l.Months)
	case l.Kind == catalog.LicenceOwn:
		return r.T("shop.licence.byol")
	default:
		text = r.T("shop.licence."+string(l.Kind), "n", l.Seats)
	}
	if l.BringOwn {
		text += "; " + r.T("shop.licence.bring")
	}
	return text
}
