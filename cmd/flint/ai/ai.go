package ai

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
)

// commands are the commands of this group.
type commands struct{ *cli.App }

// newAI makes the command with its subcommands.
func New(a *cli.App) *cobra.Command { return commands{a}.top() }

func (a commands) top() *cobra.Command {
	return cli.NewGroup("ai", "Workers AI, offline: run a model, list models and scripts", a.aiRun(), a.aiModels(), a.aiScripts())
}

// aiCall are the flags of `flint ai run`.
type aiCall struct {
	prompt, system, input, output string
	stream, asJSON                bool
}

func (a commands) aiRun() *cobra.Command {
	var call aiCall
	cmd := &cobra.Command{
		Use:   "run MODEL (--prompt TEXT | --input FILE)",
		Short: "Run a model with a prompt, or with a JSON file of inputs",
		Args:  cli.Exactly("a model"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			inputs, err := call.inputs(cmd.InOrStdin())
			if err != nil {
				return err
			}
			_, c, err := a.Connect(cmd)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			header := http.Header{"Content-Type": {"application/json"}}
			res, err := c.Do(cmd.Context(), http.MethodPost, "/ai/run/"+args[0], bytes.NewReader(inputs), header)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			return a.printAnswer(&call, res)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&call.prompt, "prompt", "", "the prompt, or the text of a task that has no prompt")
	flags.StringVar(&call.system, "system", "", "a system message before the prompt")
	flags.StringVar(&call.input, "input", "", "a file of inputs as JSON; - reads standard input")
	flags.StringVarP(&call.output, "output", "o", "", "write the answer to a file: needed for images and audio")
	flags.BoolVar(&call.stream, "stream", false, "print the answer as it comes")
	flags.BoolVar(&call.asJSON, "json", false, "print the whole answer as JSON")
	return cmd
}

// inputs are the JSON inputs: of a file, or the prompt under every name that
// tasks give it.
func (c *aiCall) inputs(stdin io.Reader) ([]byte, error) {
	if (c.prompt == "") == (c.input == "") {
		return nil, cli.Usagef("flint ai run needs --prompt or --input; see `flint ai run --help`")
	}
	in := map[string]any{}
	if c.input != "" {
		data, err := readInput(c.input, stdin)
		if err != nil {
			return nil, cli.FileError(err)
		}
		if json.Unmarshal(data, &in) != nil || in == nil {
			return nil, cli.Usagef("%s is not a JSON object of inputs such as {\"prompt\": \"…\"}", c.input)
		}
	} else if c.system != "" {
		in["messages"] = []map[string]string{{"role": "system", "content": c.system}, {"role": "user", "content": c.prompt}}
	} else {
		in["prompt"], in["text"], in["input_text"] = c.prompt, c.prompt, c.prompt
	}
	if c.stream {
		in["stream"] = true
	}
	return json.Marshal(in)
}

func readInput(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name)
}

// printAnswer prints what a person wants to see of an answer: its text, the
// text of a stream as it comes, or a file.
func (a commands) printAnswer(call *aiCall, res *http.Response) error {
	kind := res.Header.Get("Content-Type")
	switch {
	case strings.HasPrefix(kind, "text/event-stream") && call.output == "" && !call.asJSON:
		return a.printStream(res.Body)
	case strings.HasPrefix(kind, "application/json"):
		return a.printResult(call, res.Body)
	case call.output != "":
		return a.writeOutput(call.output, res.Body)
	case strings.HasPrefix(kind, "text/"):
		_, err := io.Copy(a.Streams.Out, res.Body)
		return err
	}
	return cli.Usagef("the answer is %s: name a file for it with --output", kind)
}

func (a commands) writeOutput(name string, from io.Reader) error {
	f, err := os.Create(name)
	if err != nil {
		return cli.Usagef("--output: cannot write %s: %w", name, cli.WithoutPath(err))
	}
	n, err := io.Copy(f, from)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(a.Streams.Err, "wrote %d bytes to %s\n", n, name)
	return nil
}

func (a commands) printResult(call *aiCall, body io.Reader) error {
	var env struct{ Result json.RawMessage }
	if err := json.NewDecoder(body).Decode(&env); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	var media struct{ Image, Audio string }
	if json.Unmarshal(env.Result, &media) == nil && call.output != "" && media.Image+media.Audio != "" {
		data, err := base64.StdEncoding.DecodeString(media.Image + media.Audio)
		if err != nil {
			return fmt.Errorf("the answer holds no base64: %w", err)
		}
		return a.writeOutput(call.output, bytes.NewReader(data))
	}
	if text, ok := plainText(env.Result); ok && !call.asJSON {
		env.Result = nil
		if call.output != "" {
			return a.writeOutput(call.output, strings.NewReader(text+"\n"))
		}
		fmt.Fprintln(a.Streams.Out, text)
		return nil
	}
	if call.output != "" {
		return a.writeOutput(call.output, bytes.NewReader(append(env.Result, '\n')))
	}
	return a.PrintJSON(env.Result)
}

// plainText finds the text of an answer that is, in the main, one text.
func plainText(result json.RawMessage) (string, bool) {
	var r struct {
		Response    any     `json:"response"`
		Translated  *string `json:"translated_text"`
		Summary     *string `json:"summary"`
		Description *string `json:"description"`
		Text        *string `json:"text"`
		Calls       []any   `json:"tool_calls"`
		Choices     []struct {
			Message struct {
				Content any   `json:"content"`
				Calls   []any `json:"tool_calls"`
			} `json:"message"`
		} `json:"choices"`
	}
	if json.Unmarshal(result, &r) != nil || r.Calls != nil {
		return "", false
	}
	if len(r.Choices) > 0 && r.Choices[0].Message.Calls == nil {
		r.Response = r.Choices[0].Message.Content
	}
	if text, ok := r.Response.(string); ok {
		return text, true
	}
	for _, text := range []*string{r.Translated, r.Summary, r.Description, r.Text} {
		if text != nil {
			return *text, true
		}
	}
	return "", false
}

func (a commands) aiModels() *cobra.Command {
	var task, search string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List the models with their tasks",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			_, c, err := a.Connect(cmd)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			var models []struct {
				Name string
				Task struct{ Name string }
			}
			var raw json.RawMessage
			if _, err := c.Call(cmd.Context(), http.MethodGet, "/ai/models/search?per_page=1000&"+query("task", task, "search", search), nil, &raw); err != nil {
				return err
			}
			if asJSON {
				return a.PrintJSON(raw)
			}
			if err := json.Unmarshal(raw, &models); err != nil {
				return err
			}
			if len(models) == 0 {
				return errors.New("no model is of this task and name; `flint ai models` lists all")
			}
			rows := make([][]string, len(models))
			for i, m := range models {
				rows[i] = []string{m.Name, m.Task.Name}
			}
			cli.Table(a.Streams.Out, []string{"model", "task"}, rows)
			return nil
		},
	}
	cmd.Flags().StringVar(&task, "task", "", "only models of this task, for example \"Text Generation\"")
	cmd.Flags().StringVar(&search, "search", "", "only models whose name holds this")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// Script is a script as the REST API describes it.
type Script struct {
	Source string   `json:"source"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Wants  []string `json:"wants"`
	Call   int      `json:"call,omitempty"`
	Answer string   `json:"answer"`
	Used   int      `json:"used"`
}

func (s *Script) wants() string {
	wants := s.Wants
	if s.Call > 0 {
		wants = append(wants[:len(wants):len(wants)], fmt.Sprintf("call %d", s.Call))
	}
	if len(wants) == 0 {
		return "anything"
	}
	return strings.Join(wants, ", ")
}

func (a commands) aiScripts() *cobra.Command {
	return cli.NewGroup("scripts", "Scripted answers: list them, test a prompt, find those never used",
		a.aiScriptList("list", "List the scripted answers in the order in which they are tried", false),
		a.aiScriptTest(),
		a.aiScriptList("unused", "List the scripts that never answered; exits with 1 if there are any", true))
}

func (a commands) aiScriptList(use, short string, unused bool) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			_, c, err := a.Connect(cmd)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			all := []Script{}
			info, err := c.Call(cmd.Context(), http.MethodGet, "/ai/scripts", nil, &all)
			if err != nil {
				return err
			}
			if broken, _ := info["broken"].(string); broken != "" {
				fmt.Fprintf(a.Streams.Err, "the files on disk cannot be read; these are the scripts in use\n%s\n", broken)
			}
			return a.printScripts(all, unused, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a commands) printScripts(all []Script, unused, asJSON bool) error {
	shown := []Script{}
	for _, s := range all {
		if !unused || s.Used == 0 {
			shown = append(shown, s)
		}
	}
	switch {
	case asJSON:
		if err := a.PrintJSON(shown); err != nil {
			return err
		}
	case len(shown) == 0 && unused:
		fmt.Fprintf(a.Streams.Out, "each of the %d scripts answered at least once\n", len(all))
	case len(shown) == 0:
		fmt.Fprintln(a.Streams.Out, "there are no scripts: name a folder in flint.toml, [ai] scripts")
	default:
		rows := make([][]string, len(shown))
		for i, s := range shown {
			rows[i] = []string{s.Source, s.wants(), s.Answer, fmt.Sprint(s.Used), fmt.Sprintf("%s:%d", s.File, s.Line)}
		}
		cli.Table(a.Streams.Out, []string{"script", "answers", "with", "used", "place"}, rows)
	}
	if unused && len(shown) > 0 {
		return fmt.Errorf("%d of %d scripts never answered", len(shown), len(all))
	}
	return nil
}

func (a commands) aiScriptTest() *cobra.Command {
	var model, system string
	var tools []string
	cmd := &cobra.Command{
		Use:   "test PROMPT",
		Short: "Say which script would answer a prompt; exits with 1 if none does",
		Args:  cli.Exactly("a prompt"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			_, c, err := a.Connect(cmd)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			var out struct {
				Match, Nearest *Script
				Misses         string
			}
			in := map[string]any{"prompt": args[0], "model": model, "system": system, "tools": tools}
			if _, err := c.Call(cmd.Context(), http.MethodPost, "/ai/scripts/test", in, &out); err != nil {
				return err
			}
			switch {
			case out.Match != nil:
				fmt.Fprintf(a.Streams.Out, "%s answers (%s:%d)\n", out.Match.Source, out.Match.File, out.Match.Line)
				return nil
			case out.Nearest != nil:
				return fmt.Errorf("no script answers; the nearest is %s (%s:%d), which wants %s", out.Nearest.Source, out.Nearest.File, out.Nearest.Line, out.Misses)
			}
			return errors.New("there are no scripts: name a folder in flint.toml, [ai] scripts")
		},
	}
	cmd.Flags().StringVar(&model, "model", "", "the model that is asked (default @cf/meta/llama-3.1-8b-instruct)")
	cmd.Flags().StringVar(&system, "system", "", "the system message")
	cmd.Flags().StringArrayVar(&tools, "tool", nil, "the name of a tool that is offered (repeatable)")
	return cmd
}
