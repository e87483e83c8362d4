package assets

// Exact texts that a user sees; those of Wrangler are said in its words.
const (
	msgNoDirectory = "The directory of the assets does not exist:\n%s"
	msgTooLarge    = "Asset too large.\n" +
		"Cloudflare Workers supports assets with sizes of up to 25 MiB. We found a file %s with a size of %s.\n" +
		"Ensure all assets in your assets directory %q conform with the Workers maximum size requirement."
	msgTooMany = "Maximum number of assets exceeded.\n" +
		"Cloudflare Workers supports up to %s assets in a version. We found %s files in the specified assets directory %q.\n" +
		"Ensure your assets directory contains a maximum of %s files, and that you have specified your assets directory correctly."
	msgWorkerJS = "Uploading a Pages _worker.js %s as an asset.\n" +
		"This could expose your private server-side code to the public Internet. Is this intended?\n" +
		"If you do not want to upload this %[1]s, either remove it or add an \".assetsignore\" file, to the root of your asset directory, containing \"_worker.js\" to avoid uploading.\n" +
		"If you do want to upload this %[1]s, you can add an empty \".assetsignore\" file, to the root of your asset directory, to hide this error."

	msgHTMLHandling = "assets.html_handling is %q; it must be auto-trailing-slash, force-trailing-slash, drop-trailing-slash or none"
	msgNotFound     = "assets.not_found_handling is %q; it must be none, 404-page or single-page-application"

	msgLineTooLong     = "Ignoring line %d as it exceeds the maximum allowed length of %d."
	msgAbsoluteURL     = "Only relative URLs are allowed. Skipping absolute URL %s."
	msgPort            = "Specifying ports is not supported. Skipping absolute URL %s."
	msgSlash           = "URLs should begin with a forward-slash."
	msgSlashOrHTTPS    = `URLs should either be relative (e.g. begin with a forward-slash), or use HTTPS (e.g. begin with "https://").`
	msgTokens          = "Expected exactly 2 or 3 whitespace-separated tokens. Got %d."
	msgStatus          = "Valid status codes are 200, 301, 302 (default), 303, 307, or 308. Got %s."
	msgLoop            = "Infinite loop detected in this rule and has been ignored. This will cause a redirect to strip `.html` or `/index` and end up triggering this rule again. Please fix or remove this rule to silence this warning."
	msgDuplicate       = "Ignoring duplicate rule for path %s."
	msgProxyAbsolute   = "Proxy (200) redirects can only point to relative paths. Got %s"
	msgManyStatic      = "Maximum number of static rules supported is %d. Skipping line."
	msgManyDynamic     = "Maximum number of dynamic rules supported is %d. Skipping remaining %d lines of file."
	msgManyHeaders     = "Maximum number of rules supported is %d. Skipping remaining %d lines of file."
	msgNoHeaders       = "No headers specified"
	msgOneWildcard     = "Only one wildcard is allowed per rule. Use a named placeholder (e.g. :project) instead. Skipping %s."
	msgSplatWildcard   = "Cannot combine a wildcard * with a :splat placeholder because wildcards are converted to :splat at runtime. Skipping %s."
	msgPathFirst       = "Expected a path beginning with at least one forward-slash"
	msgPair            = "Expected a colon-separated header pair (e.g. name: value)"
	msgHeaderSpaces    = "Header name cannot include spaces"
	msgNoHeaderName    = "No header name specified"
	msgNoHeaderValue   = "No header value specified"
	msgPathBefore      = "Path should come before header (%s: %s)"
	msgBadHeader       = "%q is not a valid HTTP header"
	msgRoutingNone     = "No `run_worker_first` rules were provided; must provide at least 1 rule."
	msgRoutingMany     = "Too many `run_worker_first` rules were provided; %d rules provided exceeds max of %d."
	msgRoutingNegative = "Only negative `run_worker_first` rules were provided; must provide at least 1 non-negative rule"
	msgRoutingInvalid  = "Invalid routes in `run_worker_first`:\n%s"
	msgRoutingBang     = "'%s': negative rules must start with '!/'"
	msgRoutingSlash    = "'%s': rules must start with '/' or '!/'"
	msgRoutingLong     = "'%s': all rules must be less than %d characters in length"
	msgRoutingTwice    = "'%s': rule is a duplicate; rules must be unique"
	msgRoutingCovered  = "'%s': rule '%s' makes it redundant"
)
