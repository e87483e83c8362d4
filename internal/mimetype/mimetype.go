package mimetype

import (
	"path"
	"strings"
)

// ByName returns the Content-Type of a file by its extension, the same on every machine;
// empty when the extension is unknown. For text it adds the charset UTF-8.
func ByName(name string) string {
	base := path.Base(name)
	dot := strings.LastIndexByte(base, '.')
	if dot <= 0 { // a dotfile has no extension
		return ""
	}
	t := types[strings.ToLower(base[dot+1:])]
	if strings.HasPrefix(t, "text/") {
		return t + "; charset=utf-8"
	}
	return t
}

// types are the media types by extension, as IANA registers them.
// https://www.iana.org/assignments/media-types/
var types = map[string]string{
	"html": "text/html", "htm": "text/html", "shtml": "text/html", "css": "text/css",
	"js": "text/javascript", "mjs": "text/javascript", "cjs": "application/node", "jsx": "text/jsx",
	"json": "application/json", "map": "application/json", "json5": "application/json5", "jsonld": "application/ld+json",
	"geojson": "application/geo+json", "webmanifest": "application/manifest+json", "wasm": "application/wasm",
	"xml": "application/xml", "xsl": "application/xml", "xsd": "application/xml", "xhtml": "application/xhtml+xml",
	"xslt": "application/xslt+xml", "rss": "application/rss+xml", "atom": "application/atom+xml",
	"txt": "text/plain", "text": "text/plain", "log": "text/plain", "conf": "text/plain", "ini": "text/plain",
	"csv": "text/csv", "tsv": "text/tab-separated-values", "md": "text/markdown", "markdown": "text/markdown",
	"mdx": "text/mdx", "ics": "text/calendar", "vcf": "text/x-vcard", "vtt": "text/vtt", "less": "text/less",
	"sass": "text/x-sass", "scss": "text/x-scss", "yaml": "text/yaml", "yml": "text/yaml", "toml": "application/toml",
	"appcache": "text/cache-manifest", "manifest": "text/cache-manifest", "graphql": "application/graphql",

	"png": "image/png", "apng": "image/apng", "jpg": "image/jpeg", "jpeg": "image/jpeg", "jpe": "image/jpeg",
	"gif": "image/gif", "svg": "image/svg+xml", "svgz": "image/svg+xml", "webp": "image/webp", "avif": "image/avif",
	"bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff", "heic": "image/heic", "heif": "image/heif",
	"jxl": "image/jxl", "ico": "image/vnd.microsoft.icon", "psd": "image/vnd.adobe.photoshop",

	"woff": "font/woff", "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf", "ttc": "font/collection",
	"eot": "application/vnd.ms-fontobject",

	"mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "wav": "audio/wav", "ogg": "audio/ogg",
	"oga": "audio/ogg", "opus": "audio/ogg", "flac": "audio/flac", "weba": "audio/webm", "mid": "audio/midi",
	"midi": "audio/midi", "mp4": "video/mp4", "m4v": "video/x-m4v", "webm": "video/webm", "ogv": "video/ogg",
	"mov": "video/quicktime", "mpeg": "video/mpeg", "mpg": "video/mpeg", "avi": "video/x-msvideo", "mkv": "video/x-matroska",
	"ts": "video/mp2t", "m3u8": "application/vnd.apple.mpegurl", "mpd": "application/dash+xml",

	"pdf": "application/pdf", "rtf": "application/rtf", "epub": "application/epub+zip", "zip": "application/zip",
	"gz": "application/gzip", "tar": "application/x-tar", "bz2": "application/x-bzip2", "7z": "application/x-7z-compressed",
	"rar": "application/vnd.rar", "jar": "application/java-archive", "bin": "application/octet-stream",
	"exe": "application/octet-stream", "dmg": "application/octet-stream", "iso": "application/octet-stream",
	"apk": "application/vnd.android.package-archive", "sh": "application/x-sh", "sql": "application/sql",
	"doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
	"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"odt":  "application/vnd.oasis.opendocument.text",
	"glb":  "model/gltf-binary", "gltf": "model/gltf+json", "stl": "model/stl", "obj": "model/obj",
}
