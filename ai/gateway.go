package ai

import "net/http"

func (m *Models) ProviderPaths(prefix string) http.Handler { return http.NotFoundHandler() }
