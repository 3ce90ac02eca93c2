package m2m

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/halle-cloud/halle/internal/fail"
)

// maxImport is the most an import may hold, in bytes.
const maxImport = 1 << 30

// exportFormat names the layout of an export: manifest.json (format, resource, time, sha256 of each other file),
// configuration.json, devices.ndjson, messages.ndjson (payload in base64), state.json (sessions and retained messages,
// which refer to messages by id).
const exportFormat = "halle.m2m.export.v1"

type manifest struct {
	Format   string            `json:"format"`
	Resource string            `json:"resource"`
	At       string            `json:"at"`
	Files    map[string]string `json:"files"` // name → hex SHA-256
}

// exportedMessage is a message with its payload.
type exportedMessage struct {
	*message
	Payload []byte `json:"payload"`
}

func (s *service) exportHandler(w http.ResponseWriter, _ *http.Request) {
	b, err := s.export()
	if err != nil {
		problem(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-tar")
	_, _ = w.Write(b)
}

// exportedFile is one file of an export.
type exportedFile struct {
	name string
	body []byte
}

func (s *service) export() ([]byte, error) {
	s.state.mu.Lock()
	img, messages := s.state.content()
	s.state.mu.Unlock()
	var devs, msgs bytes.Buffer
	dev, msg := json.NewEncoder(&devs), json.NewEncoder(&msgs)
	for _, d := range s.devices.all() {
		if err := dev.Encode(d); err != nil {
			return nil, fmt.Errorf("m2m: export devices: %w", err)
		}
	}
	for _, m := range messages {
		if err := msg.Encode(exportedMessage{m, m.payload}); err != nil {
			return nil, fmt.Errorf("m2m: export messages: %w", err)
		}
	}
	st, err := json.MarshalIndent(img, "", " ")
	if err != nil {
		return nil, fmt.Errorf("m2m: export state: %w", err)
	}
	conf, err := json.MarshalIndent(s.cfg, "", " ")
	if err != nil {
		return nil, fmt.Errorf("m2m: export configuration: %w", err)
	}
	return s.pack([]exportedFile{{"configuration.json", conf}, {"devices.ndjson", devs.Bytes()}, {"messages.ndjson", msgs.Bytes()},
		{"state.json", st}})
}

// pack writes the files behind a manifest with their digests.
func (s *service) pack(files []exportedFile) ([]byte, error) {
	m := manifest{Format: exportFormat, Resource: s.cfg.Resource, At: stamp(s.broker.now()), Files: map[string]string{}}
	for _, f := range files {
		sum := sha256.Sum256(f.body)
		m.Files[f.name] = hex.EncodeToString(sum[:])
	}
	head, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, fmt.Errorf("m2m: export manifest: %w", err)
	}
	var out bytes.Buffer
	tw := tar.NewWriter(&out)
	for _, f := range append([]exportedFile{{"manifest.json", head}}, files...) {
		h := &tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.body)), ModTime: s.cfg.Clock(), Format: tar.FormatPAX}
		if err := tw.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("m2m: write export: %w", err)
		}
		if _, err := tw.Write(f.body); err != nil {
			return nil, fmt.Errorf("m2m: write export: %w", err)
		}
	}
	if err := tw.Close(); err != nil {
		return nil, fmt.Errorf("m2m: write export: %w", err)
	}
	return out.Bytes(), nil
}

func (s *service) importHandler(w http.ResponseWriter, r *http.Request) {
	if err := s.load(http.MaxBytesReader(w, r.Body, maxImport)); err != nil {
		problem(w, err)
		return
	}
	answer(w, http.StatusOK, s.status())
}

func badImport(text string) error {
	return fail.New(fail.Invalid, "m2m.import", "This is not a usable export: "+text, "Send the file that GET /export of another resource gave, unchanged.")
}

// load takes an export into an empty resource: first the credentials, then sessions and messages in one frame.
func (s *service) load(r io.Reader) error {
	files, err := readExport(r)
	if err != nil {
		return err
	}
	img, messages, devs, err := parseExport(files)
	if err != nil {
		return err
	}
	probe := newState() // a faulty export must be refused before it reaches the journal
	for _, m := range messages {
		probe.loading[m.ID] = m
	}
	if err := probe.absorb(img); err != nil {
		return badImport(err.Error())
	}
	s.state.mu.Lock()
	empty := len(s.state.retained) == 0 && len(s.state.sessions) == 0
	s.state.mu.Unlock()
	have := s.devices.all()
	again := slices.EqualFunc(have, devs, func(a, b device) bool { return a.Name == b.Name && bytes.Equal(a.Hash, b.Hash) })
	if !empty || len(have) > 0 && !again { // again: a kill came between the credentials and the rest
		return fail.New(fail.Conflict, "m2m.not_empty", "The resource already has devices, sessions or messages.", "Import into a new resource.")
	}
	if err := s.devices.replace(devs); err != nil {
		return err
	}
	records, err := encodeImage(kindImport, img, messages)
	if err != nil {
		return err
	}
	ticket := s.journal.Append(records[0])
	for _, rec := range records[1:] {
		ticket = s.journal.Append(rec)
	}
	if err := ticket.Wait(); err != nil {
		return err
	}
	return s.broker.loadSessions()
}

// readExport reads the files of a tar and checks them against the manifest.
func readExport(r io.Reader) (map[string][]byte, error) {
	files := map[string][]byte{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, badImport(err.Error())
		}
		b, err := io.ReadAll(tr)
		if err != nil {
			return nil, badImport(err.Error())
		}
		files[h.Name] = b
	}
	var m manifest
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil || m.Format != exportFormat {
		return nil, badImport("its manifest is missing or of another format")
	}
	for _, name := range []string{"devices.ndjson", "messages.ndjson", "state.json"} {
		sum := sha256.Sum256(files[name])
		if m.Files[name] != hex.EncodeToString(sum[:]) {
			return nil, badImport(name + " is not the file that the manifest names")
		}
	}
	return files, nil
}

func parseExport(files map[string][]byte) (*stateImage, []*message, []device, error) {
	img := new(stateImage)
	if err := json.Unmarshal(files["state.json"], img); err != nil {
		return nil, nil, nil, badImport(err.Error())
	}
	var messages []*message
	for d := json.NewDecoder(bytes.NewReader(files["messages.ndjson"])); d.More(); {
		m := exportedMessage{message: new(message)}
		if err := d.Decode(&m); err != nil {
			return nil, nil, nil, badImport(err.Error())
		}
		m.message.payload = m.Payload
		messages = append(messages, m.message)
	}
	var devs []device
	for d := json.NewDecoder(bytes.NewReader(files["devices.ndjson"])); d.More(); {
		var v device
		if err := d.Decode(&v); err != nil {
			return nil, nil, nil, badImport(err.Error())
		}
		devs = append(devs, v)
	}
	return img, messages, devs, nil
}
