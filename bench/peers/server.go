// The applications on Go's net/http, a goroutine for each connection: PORT says where, GOMAXPROCS on how many threads.
package main

import (
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		io.WriteString(answer, "Hello, world!")
	})
	http.HandleFunc("/health", func(answer http.ResponseWriter, _ *http.Request) {
		time.Sleep(100 * time.Millisecond)
		io.WriteString(answer, "ok")
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
