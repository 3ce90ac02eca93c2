package usage_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/halle-cloud/halle/client"
	"github.com/halle-cloud/halle/client/usage"
)

func Example() {
	// A server that takes everything, so that the example runs anywhere.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var verdicts []string
		for i := range strings.Count(string(body), "\n") {
			verdicts = append(verdicts, fmt.Sprintf(`{"index":%d,"verdict":"accepted"}`, i))
		}
		_, _ = fmt.Fprintf(w, `{"results":[%s]}`, strings.Join(verdicts, ","))
	}))
	defer server.Close()
	dir, _ := os.MkdirTemp("", "spool")
	defer func() { _ = os.RemoveAll(dir) }()

	s, err := usage.Open(client.New(server.URL, "hal_token"), usage.Options{Dir: dir,
		Refused: func(r usage.Refusal) { fmt.Println("not counted:", r.Text) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	hour := time.Date(2027, 1, 31, 10, 0, 0, 0, time.UTC)
	err = s.Add(usage.Event{
		ID:      "pump-7/" + hour.Format(time.RFC3339), // the same when it is added again after a kill
		Source:  "/pumps/7",
		Subject: "sub_demo",
		Meter:   "litres", Unit: "l", Value: 120,
		Start: hour, End: hour.Add(time.Hour),
	})
	if err != nil { // it is not on disk
		fmt.Println(err)
	}
	if err := s.Close(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%d accepted, %d waiting\n", s.Stats().Accepted, s.Stats().Waiting)
	// Output: 1 accepted, 0 waiting
}
