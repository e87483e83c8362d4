package cfapi

import (
	"net/http"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
)

// AccountID is the one account that flint plays. Every account id in a path is
// taken for it.
const AccountID = "00000000000000000000000000000001"

// Service adds its routes below /client/v4/accounts/{account} and, with a
// method RootRoutes, below /client/v4.
type Service interface{ Routes(r *mux.Router) }

// NewRouter returns a router for the control port: keys may hold escaped
// slashes, so paths are matched as they were sent.
func NewRouter() *mux.Router {
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	r.NotFoundHandler = http.HandlerFunc(unknownRoute)
	r.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cferr.WriteError(w, cferr.Newf(http.StatusMethodNotAllowed, 7001, "%s does not take %s", r.URL.Path, r.Method))
	})
	return r
}

// Routes adds /client/v4 to r.
func Routes(r *mux.Router, services ...Service) {
	v4 := r.PathPrefix("/client/v4").Subrouter()
	v4.HandleFunc("/user/tokens/verify", verifyToken).Methods(http.MethodGet)
	v4.HandleFunc("/accounts", accounts).Methods(http.MethodGet)
	v4.HandleFunc("/accounts/{account}", account).Methods(http.MethodGet)
	sub := v4.PathPrefix("/accounts/{account}").Subrouter()
	for _, s := range services {
		s.Routes(sub)
		if root, ok := s.(interface{ RootRoutes(r *mux.Router) }); ok {
			root.RootRoutes(v4)
		}
	}
	v4.PathPrefix("/").HandlerFunc(unknownRoute)
}

var theAccount = map[string]any{"id": AccountID, "name": "flint", "type": "standard"}

func verifyToken(w http.ResponseWriter, _ *http.Request) {
	cferr.WriteResult(w, map[string]any{"id": AccountID, "status": "active"}, nil)
}

func accounts(w http.ResponseWriter, _ *http.Request) {
	cferr.WriteResult(w, []any{theAccount}, cferr.Info{"page": 1, "per_page": 20, "count": 1, "total_count": 1, "total_pages": 1})
}

func account(w http.ResponseWriter, _ *http.Request) { cferr.WriteResult(w, theAccount, nil) }

func unknownRoute(w http.ResponseWriter, r *http.Request) {
	cferr.WriteError(w, cferr.Newf(http.StatusNotFound, 7003,
		"Could not route to %s %s: flint does not serve this part of Cloudflare's API yet, or an identifier in it is invalid", r.Method, r.URL.Path))
}
