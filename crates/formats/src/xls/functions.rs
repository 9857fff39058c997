//! Functions and commands by their number (MS-XLS, Ftab and Cetab), as far as macros are written with them.

/// Numbers of functions, their names, and how many operands they have where that is always the same.
#[rustfmt::skip]
const FUNCTIONS: &[(u16, &str, usize)] = &[
    (0, "COUNT", 1), (1, "IF", 3), (2, "ISNA", 1), (3, "ISERROR", 1), (4, "SUM", 1), (5, "AVERAGE", 1), (6, "MIN", 1), (7, "MAX", 1),
    (8, "ROW", 1), (9, "COLUMN", 1), (25, "INT", 1), (27, "ROUND", 2), (29, "INDEX", 2), (30, "REPT", 2), (31, "MID", 3), (32, "LEN", 1),
    (33, "VALUE", 1), (34, "TRUE", 0), (35, "FALSE", 0), (36, "AND", 1), (37, "OR", 1), (38, "NOT", 1), (39, "MOD", 2), (48, "TEXT", 2),
    (53, "GOTO", 1), (54, "HALT", 1), (55, "RETURN", 1), (63, "RAND", 0), (64, "MATCH", 2), (74, "NOW", 0), (78, "OFFSET", 3),
    (79, "ABSREF", 2), (80, "RELREF", 2), (81, "ARGUMENT", 1), (82, "SEARCH", 2), (84, "ERROR", 1), (86, "TYPE", 1), (87, "ECHO", 1),
    (88, "SET.NAME", 1), (89, "CALLER", 0), (94, "ACTIVE.CELL", 0), (95, "SELECTION", 0), (96, "RESULT", 1), (100, "CHOOSE", 2),
    (101, "HLOOKUP", 3), (102, "VLOOKUP", 3), (104, "INPUT", 1), (106, "GET.FORMULA", 1), (107, "GET.NAME", 1), (108, "SET.VALUE", 2),
    (110, "EXEC", 1), (111, "CHAR", 1), (112, "LOWER", 1), (113, "UPPER", 1), (115, "LEFT", 1), (116, "RIGHT", 1), (119, "REPLACE", 4),
    (120, "SUBSTITUTE", 3), (121, "CODE", 1), (123, "DIRECTORY", 1), (124, "FIND", 2), (128, "ISNUMBER", 1), (129, "ISBLANK", 1),
    (132, "FOPEN", 1), (133, "FCLOSE", 1), (134, "FSIZE", 1), (135, "FREADLN", 1), (136, "FREAD", 2), (137, "FWRITELN", 2),
    (138, "FWRITE", 2), (139, "FPOS", 1), (148, "INDIRECT", 1), (149, "REGISTER", 1), (150, "CALL", 1), (166, "FILES", 1),
    (170, "CANCEL.KEY", 1), (171, "FOR", 3), (172, "WHILE", 1), (173, "BREAK", 0), (174, "NEXT", 0), (175, "INITIATE", 2),
    (176, "REQUEST", 2), (177, "POKE", 3), (178, "EXECUTE", 2), (179, "TERMINATE", 1), (180, "RESTART", 1), (185, "GET.CELL", 1),
    (186, "GET.WORKSPACE", 1), (187, "GET.WINDOW", 1), (188, "GET.DOCUMENT", 1), (201, "UNREGISTER", 1), (221, "TODAY", 0),
    (223, "ELSE", 0), (224, "ELSE.IF", 1), (225, "END.IF", 0), (226, "FOR.CELL", 1), (257, "EVALUATE", 1), (336, "CONCATENATE", 1),
];
#[rustfmt::skip]
const COMMANDS: &[(u16, &str)] = &[
    (1, "OPEN"), (3, "CLOSE.ALL"), (4, "SAVE"), (5, "SAVE.AS"), (6, "FILE.DELETE"), (10, "QUIT"), (16, "CLOSE"), (17, "RUN"),
    (61, "DEFINE.NAME"), (96, "FORMULA"), (97, "FORMULA.FILL"), (98, "FORMULA.ARRAY"), (103, "ACTIVATE"), (109, "SELECT"),
    (110, "DELETE.NAME"), (118, "ALERT"), (119, "NEW"), (122, "MESSAGE"), (131, "SEND.KEYS"), (148, "ON.TIME"), (149, "WAIT"),
    (383, "WORKBOOK.HIDE"), (384, "WORKBOOK.UNHIDE"),
];
/// Those that run something, load code, reach out, write formulas, or look at where they are.
#[rustfmt::skip]
const CALLS: &[&str] = &[
    "EXEC", "CALL", "REGISTER", "REGISTER.ID", "RUN", "EXECUTE", "INITIATE", "POKE", "REQUEST", "FORMULA", "FORMULA.FILL", "FORMULA.ARRAY",
    "SET.NAME", "SET.VALUE", "DEFINE.NAME", "GET.WORKSPACE", "GET.CELL", "GET.DOCUMENT", "GET.WINDOW", "FOPEN", "FWRITE", "FWRITELN", "FREAD",
    "FILE.DELETE", "SAVE.AS", "OPEN", "QUIT", "ON.TIME", "WAIT", "SEND.KEYS", "HALT", "GOTO", "EVALUATE", "CANCEL.KEY", "WORKBOOK.HIDE",
    "VBA.INSERT.FILE", "CREATE.DIRECTORY", "ALERT", "CLOSE", "UNREGISTER", "FILES", "DIRECTORY",
];

/// The name of a function, and how many operands it has.
pub fn function(number: u16) -> (&'static str, usize) {
    let known = FUNCTIONS.iter().find(|(other, ..)| *other == number);
    known.map_or(("FUNCTION", 1), |(_, name, count)| (*name, *count))
}

/// The name of a command.
pub fn command(number: u16) -> &'static str {
    COMMANDS.iter().find(|(other, _)| *other == number).map_or("COMMAND", |(_, name)| *name)
}

/// Whether a function is one of those that matter.
pub fn is_call(name: &str) -> bool {
    CALLS.contains(&name)
}

/// The calls in a formula that is written out.
pub fn calls_in(formula: &str) -> impl Iterator<Item = &'static str> + '_ {
    let words = formula.split(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '(')));
    words.filter_map(|word| {
        let pieces = word.split('(').rev().skip(1);
        pieces.into_iter().find_map(|name| CALLS.iter().find(|call| call.eq_ignore_ascii_case(name)).copied())
    })
}
