package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"flint/emulator"
	"flint/internal/testkit"
)

// sdkDir holds the official clients of AI providers, pinned.
const sdkDir = "sdk"

// TestSDKs runs the clients that apps use (openai, @anthropic-ai/sdk, the AI SDK with
// workers-ai-provider) against flint, in Node.js on the control port and inside a
// Worker: they chat, stream, call a tool and follow a JSON schema.
func TestSDKs(t *testing.T) {
	if testing.Short() {
		t.Skip("installs packages from npm: not with -short")
	}
	peer := findPeer(t) // for its Node.js and workerd; it sets a variable, so the test runs alone
	if err := installSDKs(t.Context(), *install); err != nil {
		if errors.Is(err, ErrNoNPM) || errors.Is(err, errNoSDK) {
			fmt.Fprintf(os.Stderr, "THE CLIENTS OF AI PROVIDERS ARE NOT TESTED: %v\n", err)
			t.Skip(err)
		}
		t.Fatal(err)
	}
	e := emulator.RunT(t, sdkDir)
	t.Run("node", func(t *testing.T) {
		run := peer.node(sdkDir, "run.mjs", e.Run().Control)
		out, err := run.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	var names []string
	if err := json.Unmarshal([]byte(testkit.Get(t, e.Run().URL+"/", 200)), &names); err != nil || len(names) < 5 {
		t.Fatalf("%v %v", names, err)
	}
	for _, name := range names {
		t.Run("worker "+name, func(t *testing.T) {
			testkit.Get(t, e.Run().URL+"/"+url.PathEscape(name), 200)
		})
	}
}

var errNoSDK = errors.New("they are not installed: run make conformance, which installs them from npm")

// installSDKs installs the packages unless the versions of the lockfile are there.
func installSDKs(ctx context.Context, install bool) error {
	lock, err := os.ReadFile(filepath.Join(sdkDir, "package-lock.json"))
	if err != nil {
		return err
	}
	stamp := filepath.Join(sdkDir, "node_modules", ".installed")
	if was, err := os.ReadFile(stamp); err == nil && bytes.Equal(was, lock) {
		return nil
	}
	if !install {
		return errNoSDK
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return ErrNoNPM
	}
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = sdkDir
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in conformance/sdk: %w\n%s", err, out)
	}
	return os.WriteFile(stamp, lock, 0o644)
}
