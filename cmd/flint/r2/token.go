package r2

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

func (a commands) r2Token() *cobra.Command {
	return cli.NewGroup("token", "Keys of R2's S3 API", a.r2TokenCreate(), a.r2TokenList(), a.r2TokenDelete())
}

// TokenAnswer is a token as the commands print it.
type TokenAnswer struct {
	Name       string   `json:"name"`
	ID         string   `json:"access_key_id"`
	Secret     string   `json:"secret_access_key,omitempty"`
	Permission string   `json:"permission"`
	Buckets    []string `json:"buckets"`
	Created    string   `json:"created,omitempty"`
	Endpoint   string   `json:"endpoint,omitempty"`
}

func answerToken(t emulator.R2Token) TokenAnswer {
	out := TokenAnswer{Name: t.Name, ID: t.ID, Permission: string(t.Permission), Buckets: append([]string{}, t.Buckets...)}
	if !t.Created.IsZero() {
		out.Created = t.Created.Format(time.RFC3339)
	}
	return out
}

func permissionNames() string {
	var names []string
	for _, p := range emulator.R2Permissions {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

func (a commands) r2TokenCreate() *cobra.Command {
	var t emulator.R2Token
	var permission string
	var asJSON bool
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "create [NAME]",
		Short: "Make a key, and print it with lines to paste for aws, rclone and SDKs",
		Args:  cli.AtMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.Load(".", cmd.Flags())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				t.Name = args[0]
			}
			t.Permission = emulator.R2Permission(permission)
			made, err := emulator.R2Tokens(p).Create(t)
			if err != nil {
				return cli.Usage(err)
			}
			endpoint, err := s3Endpoint(p)
			if err != nil {
				return err
			}
			if asJSON {
				out := answerToken(made)
				out.Secret, out.Endpoint = made.Secret, endpoint
				return a.PrintJSON(out)
			}
			a.sayToken(made, endpoint)
			return nil
		},
	})
	f := cmd.Flags()
	f.StringVar(&permission, "permission", string(emulator.R2Permissions[0]), "one of "+permissionNames())
	f.StringSliceVar(&t.Buckets, "bucket", nil, "limit the key to a bucket; may be given several times")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// s3Endpoint is where the S3 API answers: where the running emulator says, else
// where it will.
func s3Endpoint(p *config.Project) (string, error) {
	run, err := emulator.ReadRun(p.Settings.State)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("http://127.0.0.1:%d", p.Settings.S3Port), nil
	}
	return run.S3, err
}

// sayToken prints a new key for people. It is plain text on the output, so that
// a shell can take the export lines from it.
func (a commands) sayToken(t emulator.R2Token, endpoint string) {
	what := string(t.Permission)
	if len(t.Buckets) > 0 {
		what += " on " + strings.Join(t.Buckets, ", ")
	}
	fmt.Fprintf(a.Streams.Out, `# A key of R2's S3 API (%[1]s)
access key id      %[2]s
secret access key  %[3]s
endpoint           %[4]s
region             auto

# aws, and every AWS SDK
export AWS_ACCESS_KEY_ID=%[2]s
export AWS_SECRET_ACCESS_KEY=%[3]s
export AWS_ENDPOINT_URL_S3=%[4]s
export AWS_REGION=auto
aws s3 ls

# rclone
rclone config create flint s3 provider=Cloudflare access_key_id=%[2]s secret_access_key=%[3]s endpoint=%[4]s region=auto
rclone lsd flint:

# JavaScript, @aws-sdk/client-s3
new S3Client({ region: "auto", endpoint: "%[4]s", forcePathStyle: true,
  credentials: { accessKeyId: "%[2]s", secretAccessKey: "%[3]s" } })
`, what, t.ID, t.Secret, endpoint)
}

func (a commands) r2TokenList() *cobra.Command {
	var asJSON bool
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "list",
		Short: "List the keys; their secrets are shown only when they are made",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.Load(".", cmd.Flags())
			if err != nil {
				return err
			}
			tokens, err := emulator.R2Tokens(p).List()
			if err != nil {
				return err
			}
			list := make([]TokenAnswer, len(tokens))
			for i, t := range tokens {
				list[i] = answerToken(t)
			}
			if asJSON {
				return a.PrintJSON(list)
			}
			rows := make([][]string, len(list))
			for i, t := range list {
				rows[i] = []string{t.Name, t.ID, t.Permission, cli.JoinOr(t.Buckets, "all"), t.Created}
			}
			cli.Table(a.Streams.Out, []string{"name", "access_key_id", "permission", "buckets", "created"}, rows)
			return nil
		},
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a commands) r2TokenDelete() *cobra.Command {
	return cli.LocalFlags(&cobra.Command{
		Use:   "delete NAME-OR-ACCESS-KEY-ID",
		Short: "Delete a key; requests signed with it are refused from now on",
		Args:  cli.Exactly("the name or access key id of a token"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.Load(".", cmd.Flags())
			if err != nil {
				return err
			}
			if key := p.Settings.R2Key; slices.Contains([]string{key.AccessKeyID, "flint.toml"}, args[0]) && key.AccessKeyID != "" {
				return cli.Usagef("that key stands in flint.toml; take it out there")
			}
			if err := emulator.R2Tokens(p).Delete(args[0]); err != nil {
				return err
			}
			a.Printf("Deleted the key %s", args[0])
			return nil
		},
	})
}
