package emulator

import (
	"log/slog"
	"net/http"
	"path/filepath"

	"flint/config"
	"flint/emulator/cfapi"
	"flint/internal/clock"
	"flint/r2/s3api"
)

// tokensFile holds the keys of the S3 API, in the state directory.
const tokensFile = "r2-tokens.json"

// R2Tokens are the keys of the S3 API of a project. A running emulator sees
// what is changed here at once.
func R2Tokens(p *config.Project) *s3api.Tokens {
	return openR2Tokens(p, p.Settings.State, clock.New())
}

func openR2Tokens(p *config.Project, state string, c clock.Clock) *s3api.Tokens {
	var fixed []s3api.Token
	if k := p.Settings.R2Key; k.AccessKeyID != "" {
		fixed = append(fixed, s3api.Token{ID: k.AccessKeyID, Secret: k.SecretAccessKey, Name: "flint.toml", Permission: s3api.AdminReadWrite})
	}
	return s3api.OpenTokens(filepath.Join(state, tokensFile), c, fixed...)
}

// s3api is everything that answers on the S3 port.
func (s *services) s3api(log *slog.Logger) http.Handler {
	return s3api.New(s3api.Options{
		Store: s.r2, Tokens: s.s3, Clock: s.clock, Chain: s.chain, Log: log, Account: cfapi.AccountID,
	})
}

// R2Token is a key of the S3 API.
type R2Token = s3api.Token

// R2Permission is what an R2Token may do.
type R2Permission = s3api.Permission

// R2Permissions are all of them, the mightiest first.
var R2Permissions = s3api.Permissions
