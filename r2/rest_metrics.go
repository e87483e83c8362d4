package r2

import (
	"encoding/json"
	"net/http"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
)

func (a *REST) getUsage(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	u, err := b.Usage(r.Context())
	if err != nil {
		return err
	}
	cferr.WriteResult(w, u, nil)
	return nil
}

// RootRoutes adds what stands beside /accounts: of Cloudflare's GraphQL API the
// one question that Wrangler's `r2 bucket info` asks.
// https://developers.cloudflare.com/r2/platform/metrics-analytics/
func (a *REST) RootRoutes(r *mux.Router) {
	r.HandleFunc("/graphql", a.handler(a.graphQL)).Methods(http.MethodPost)
}

func (a *REST) graphQL(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		OperationName string
		Variables     struct {
			Filter struct{ BucketName string }
		}
	}
	if err := decodeJSON(r, &in); err != nil {
		return errInvalidGraphQL
	}
	if in.OperationName != "getR2StorageMetrics" {
		return cferr.NotServed("the GraphQL query " + in.OperationName)
	}
	b, err := a.store.Lookup(in.Variables.Filter.BucketName)
	if err != nil {
		return err
	}
	u, err := b.Usage(r.Context())
	if err != nil {
		return err
	}
	type object = map[string]any
	group := object{
		"max":        object{"objectCount": u.Objects, "payloadSize": u.Bytes, "metadataSize": 0},
		"dimensions": object{"datetime": a.store.clock.Now().UTC().Format(isoMillis)},
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(object{"data": object{"viewer": object{"accounts": []any{object{"r2StorageAdaptiveGroups": []any{group}}}}}, "errors": nil})
}
