package pdf

import (
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

const producer = "Halle"

// metadata is the XMP packet (ISO 16684-1) with the identification of PDF/A.
func (d *Document) metadata() []byte {
	var b strings.Builder
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n" +
		"<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\"><pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance></rdf:Description>\n" +
		"<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:format>application/pdf</dc:format>")
	fmt.Fprintf(&b, "<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">%s</rdf:li></rdf:Alt></dc:title>", escape(d.info.Title))
	if d.info.Author != "" {
		fmt.Fprintf(&b, "<dc:creator><rdf:Seq><rdf:li>%s</rdf:li></rdf:Seq></dc:creator>", escape(d.info.Author))
	}
	if d.info.Subject != "" {
		fmt.Fprintf(&b, "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">%s</rdf:li></rdf:Alt></dc:description>", escape(d.info.Subject))
	}
	fmt.Fprintf(&b, "<dc:language><rdf:Bag><rdf:li>%s</rdf:li></rdf:Bag></dc:language></rdf:Description>\n", escape(d.info.Language))
	at := d.info.Created.UTC().Format(time.RFC3339)
	fmt.Fprintf(&b, "<rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"><xmp:CreateDate>%s</xmp:CreateDate><xmp:ModifyDate>%s</xmp:ModifyDate>", at, at)
	if d.info.Creator != "" {
		fmt.Fprintf(&b, "<xmp:CreatorTool>%s</xmp:CreatorTool>", escape(d.info.Creator))
	}
	fmt.Fprintf(&b, "</rdf:Description>\n<rdf:Description rdf:about=\"\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\"><pdf:Producer>%s</pdf:Producer></rdf:Description>\n", producer)
	if len(d.info.Schemas) > 0 {
		describe(&b, d.info.Schemas)
	}
	b.WriteString("</rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>\n")
	return []byte(b.String())
}

// describe writes the properties of schemas that PDF/A does not know, and their descriptions.
func describe(b *strings.Builder, schemas []Schema) {
	b.WriteString("<rdf:Description rdf:about=\"\" xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\" xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" " +
		"xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\"><pdfaExtension:schemas><rdf:Bag>\n")
	for _, s := range schemas {
		fmt.Fprintf(b, "<rdf:li rdf:parseType=\"Resource\"><pdfaSchema:schema>%s</pdfaSchema:schema><pdfaSchema:namespaceURI>%s</pdfaSchema:namespaceURI>"+
			"<pdfaSchema:prefix>%s</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>\n", escape(s.Name), escape(s.URI), s.Prefix)
		for _, p := range s.Properties {
			fmt.Fprintf(b, "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>%s</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>"+
				"<pdfaProperty:category>external</pdfaProperty:category><pdfaProperty:description>%s</pdfaProperty:description></rdf:li>\n", p.Name, escape(p.Description))
		}
		b.WriteString("</rdf:Seq></pdfaSchema:property></rdf:li>\n")
	}
	b.WriteString("</rdf:Bag></pdfaExtension:schemas></rdf:Description>\n")
	for _, s := range schemas {
		fmt.Fprintf(b, "<rdf:Description rdf:about=\"\" xmlns:%s=\"%s\">", s.Prefix, escape(s.URI))
		for _, p := range s.Properties {
			fmt.Fprintf(b, "<%s:%s>%s</%s:%s>", s.Prefix, p.Name, escape(p.Value), s.Prefix, p.Name)
		}
		b.WriteString("</rdf:Description>\n")
	}
}

func escape(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return "" // a builder never refuses
	}
	return b.String()
}

// fixed is a number of ICC: 16 bits before and 16 behind the point, given in ten-thousandths.
func fixed(out []byte, tenThousandths int64) []byte {
	v := tenThousandths * 65536
	if v < 0 {
		v -= 5000
	} else {
		v += 5000
	}
	return binary.BigEndian.AppendUint32(out, uint32(v/10000)) //nolint:gosec // two's complement is the format
}

// colorProfile is sRGB (IEC 61966-2-1) as an ICC profile of version 4.2: primaries adapted to D50 by Bradford, and the
// curve as a formula.
func colorProfile() []byte {
	type tag struct {
		name string
		body []byte
	}
	xyz := func(x, y, z int64) []byte { return fixed(fixed(fixed([]byte("XYZ \x00\x00\x00\x00"), x), y), z) }
	text := func(s string) []byte {
		out := append([]byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS"), 0, 0, 0, byte(2*len(s)), 0, 0, 0, 28)
		for _, c := range []byte(s) {
			out = append(out, 0, c)
		}
		return out
	}
	curve := []byte("para\x00\x00\x00\x00\x00\x03\x00\x00")
	for _, v := range []int64{24000, 9479, 521, 774, 405} { // (0.9479 x + 0.0521)^2.4 from 0.0405 on, 0.0774 x below
		curve = fixed(curve, v)
	}
	adapt := []byte("sf32\x00\x00\x00\x00")
	for _, v := range []int64{10479, 229, -502, 296, 9905, -171, -92, 151, 7517} {
		adapt = fixed(adapt, v)
	}
	tags := []tag{{"desc", text("sRGB")}, {"cprt", text("Public domain")}, {"wtpt", xyz(9642, 10000, 8249)}, {"chad", adapt},
		{"rXYZ", xyz(4361, 2225, 139)}, {"gXYZ", xyz(3851, 7169, 971)}, {"bXYZ", xyz(1431, 606, 7141)}, {"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve}}
	head := make([]byte, 128)
	copy(head[8:], "\x04\x20\x00\x00mntrRGB XYZ \x07\xea\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00acsp")
	copy(head[68:], fixed(fixed(fixed(nil, 9642), 10000), 8249))
	index, body := binary.BigEndian.AppendUint32(nil, uint32(len(tags))), []byte(nil)
	for _, t := range tags {
		at := 128 + 4 + 12*len(tags) + len(body)
		index = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(append(index, t.name...), uint32(at)), uint32(len(t.body)))
		body = append(body, t.body...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	out := append(append(head, index...), body...)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}
