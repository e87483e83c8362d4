package main

// limitEdits let a DELETE or an UPDATE end in ORDER BY, LIMIT and OFFSET, as
// the runtime's SQLite does (SQLITE_ENABLE_UPDATE_DELETE_LIMIT,
// https://www.sqlite.org/lang_delete.html). What executes such a clause is in
// the source, but the tables of its parser were generated without it. So the
// loop that feeds the parser keeps the clause back, and it is parsed, by the
// same parser, as that of a SELECT, once the statement before it is; SQLite's
// own functions for the two statements then take it.
var limitEdits = []edit{
	{"** language. The code for the \"sqlite3\" command-line shell is also in a", "#define SQLITE_CORE 1", "#define SQLITE_ENABLE_UPDATE_DELETE_LIMIT 1"},

	{"const char *zTail;        /* All SQL text past", "the last semicolon parsed */", `  const char *zClause;      /* Where ORDER BY or LIMIT of a DELETE or UPDATE begins */
  const char *zClauseEnd;   /* What follows it, once it is parsed */
  Select **ppClause;        /* Takes the SELECT as which it is parsed */`},
	{"\nSQLITE_PRIVATE void sqlite3DeleteFrom(Parse*,", ";", "SQLITE_PRIVATE void sqlite3FlintClause(Parse*, ExprList**, Expr**);"},

	{"\nSQLITE_PRIVATE void sqlite3DeleteFrom(\n", "assert( db->pParse==pParse );", clause},
	{"\nSQLITE_PRIVATE void sqlite3Update(\n", "assert( db->pParse==pParse );", clause},

	// the SELECT is taken, and no code is made of it
	{"case 84: /* cmd ::= select */", "{", "  if( pParse->ppClause ){ *pParse->ppClause = yymsp[0].minor.yy555; break; }"},
	{"\nSQLITE_PRIVATE void sqlite3FinishCoding(Parse *pParse){", "if( pParse->nested ) return;", "  if( pParse->ppClause ) return;"},

	{"\nstatic int analyzeFilterKeyword(const unsigned char *z, int lastToken){", "\n#endif /* SQLITE_OMIT_WINDOWFUNC */", `
/* How far the tokens of a statement have told what it is. */
typedef struct FlintVerb {
  enum { FLINT_START, FLINT_WITH, FLINT_CHANGE, FLINT_OTHER } is;
  int nDepth;               /* parentheses that are open */
} FlintVerb;

/* Whether the clause begins at this token, the next of the statement. */
static int flintClauseBegins(FlintVerb *p, int tokenType){
  if( tokenType==TK_LP ) p->nDepth++;
  if( tokenType==TK_RP ) p->nDepth--;
  if( p->nDepth>0 || p->is==FLINT_OTHER ) return 0;
  if( p->is==FLINT_CHANGE ) return tokenType==TK_ORDER || tokenType==TK_LIMIT;
  switch( tokenType ){
    case TK_EXPLAIN: case TK_QUERY: case TK_PLAN: case TK_SEMI: break;
    case TK_DELETE: case TK_UPDATE: p->is = FLINT_CHANGE; break;
    case TK_SELECT: case TK_INSERT: case TK_VALUES: p->is = FLINT_OTHER; break;
    default: if( p->is==FLINT_START ) p->is = tokenType==TK_WITH ? FLINT_WITH : FLINT_OTHER;
  }
  return 0;
}

/* The next token as the parser takes it: TK_SEMI at the end, TK_SPACE for what
** it does not see, TK_ILLEGAL for what the clause cannot hold. */
static int flintToken(Parse *pParse, const char *z, int iLast, i64 *pn){
  int tokenType;
  *pn = sqlite3GetToken((const u8*)z, &tokenType);
  if( z[0]==0 ){
    *pn = 0;
    return TK_SEMI;
  }
  switch( tokenType ){
    case TK_COMMENT: return (pParse->db->flags & SQLITE_Comments) ? TK_SPACE : TK_ILLEGAL;
    case TK_WINDOW: return analyzeWindowKeyword((const u8*)&z[6]);
    case TK_OVER: return analyzeOverKeyword((const u8*)&z[4], iLast);
    case TK_FILTER: return analyzeFilterKeyword((const u8*)&z[6], iLast);
  }
  return tokenType;
}

/* Parses the clause at zClause. Its variables are numbered after those of the
** statement before it. */
SQLITE_PRIVATE void sqlite3FlintClause(Parse *pParse, ExprList **ppOrderBy, Expr **ppLimit){
  const char *z = pParse->zClause;
  Token outer = pParse->sLastToken;
  Select *pSelect = 0;
  int tokenType = TK_STAR, nDepth = 0;
  yyParser engine;

  pParse->zClause = 0;
  pParse->ppClause = &pSelect;
  sqlite3ParserInit(&engine, pParse);
  sqlite3Parser(&engine, TK_SELECT, outer);
  sqlite3Parser(&engine, TK_STAR, outer);
  while( tokenType!=TK_SEMI && pParse->rc==SQLITE_OK && pParse->nErr==0 ){
    i64 n;
    int next = flintToken(pParse, z, tokenType, &n);
    if( z+n-pParse->zTail > pParse->db->aLimit[SQLITE_LIMIT_SQL_LENGTH] ){
      pParse->rc = SQLITE_TOOBIG;
      pParse->nErr++;
      break;
    }
    pParse->sLastToken.z = z;
    pParse->sLastToken.n = (u32)n;
    z += n;
    if( next==TK_SPACE ) continue;
    if( next==TK_ILLEGAL ){
      sqlite3ErrorMsg(pParse, "unrecognized token: \"%T\"", &pParse->sLastToken);
      break;
    }
    tokenType = next;
    if( next==TK_LP ) nDepth++;
    if( next==TK_RP ) nDepth--;
    if( nDepth==0 && (next==TK_UNION || next==TK_EXCEPT || next==TK_INTERSECT) ) next = TK_ILLEGAL;
    sqlite3Parser(&engine, next, pParse->sLastToken);
  }
  sqlite3ParserFinalize(&engine);
  pParse->ppClause = 0;
  pParse->sLastToken = outer;
  pParse->zClauseEnd = z;
  if( pSelect==0 ) return;
  pParse->nSelect--;
  *ppOrderBy = pSelect->pOrderBy;
  *ppLimit = pSelect->pLimit;
  pSelect->pOrderBy = 0;
  pSelect->pLimit = 0;
  sqlite3SelectDelete(pParse->db, pSelect);
}
`},

	{"\nSQLITE_PRIVATE int sqlite3RunParser(Parse *pParse, const char *zSql){", "/* Outer parse context, if any */", "  FlintVerb verb = {FLINT_START, 0};"},
	{`sqlite3ErrorMsg(pParse, "unrecognized token: \"%T\"", &x);`, "break;\n      }\n    }", `    if( flintClauseBegins(&verb, tokenType) ){ /* to the parser, the statement ends here */
      pParse->zClause = zSql;
      tokenType = TK_SEMI;
    }`},
	{"sqlite3Parser(pEngine, tokenType, pParse->sLastToken);", "zSql += n;", "    if( pParse->zClauseEnd ) zSql = pParse->zClauseEnd;"},
}

const clause = "  if( pParse->zClause && pParse->nErr==0 ) sqlite3FlintClause(pParse, &pOrderBy, &pLimit);"
