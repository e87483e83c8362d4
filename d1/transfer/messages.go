package transfer

const (
	msgImportAfterArray = "text after the end of the array"
	msgImportAfterQuote = "text after the closing quote of a field; a quote within a field is written twice"
	msgImportComma      = "a comma before the end of the array"
	msgImportEmpty      = "the file is empty"
	msgImportEnds       = "the file ends in the middle of a row"
	msgImportFields     = "%d fields, and the header has %d"
	msgImportMoreFields = "more fields than the %d of the header"
	msgImportNoColumns  = "no column is left to import"
	msgImportNoName     = "field %d of the header has no name"
	msgImportNoQuote    = "the quote that begins here is never closed"
	msgImportNotObjects = "want an array of objects, or one object after the other"
	msgImportQuote      = "a quote in the middle of a field; such a field stands in quotes, and the quote is written twice"
	msgImportRow        = "the row is larger than %d MiB, or a quote in it is never closed"
	msgImportTwice      = "the column %q is there twice"
	msgImportUTF8       = "the text is not UTF-8"
	msgImportWantComma  = "want a comma or the end of the array"
	msgImportWantObject = "want an object, found %q"
)

const (
	msgImportChanged = "the first %d bytes are not those that were imported before; begin again with --restart (rows that are there stay)"
)
