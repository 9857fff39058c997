use crate::Kind;
use crate::kit::{apart, compound, facts, oddities, reading, shared, told};
use crate::ole::legacy::{Key, Length, made};
use crate::{Limits, take_apart};
use expect_test::expect;

fn record(number: u16, data: &[u8]) -> Vec<u8> {
    [&number.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&[text.len() as u8, 0][..], text.as_bytes()].concat()
}

fn sheet(offset: u32, state: u8, kind: u8, name: &str) -> Vec<u8> {
    record(0x85, &[&offset.to_le_bytes()[..], &[state, kind], &text(name)].concat())
}

fn formula(row: u16, tokens: &[u8]) -> Vec<u8> {
    let head = [&row.to_le_bytes()[..], &[0; 18], &(tokens.len() as u16).to_le_bytes()].concat();
    record(6, &[&head, tokens].concat())
}

fn bof(kind: u16) -> Vec<u8> {
    record(0x809, &[&[0, 6][..], &kind.to_le_bytes(), &[0; 12]].concat())
}

fn workbook() -> Vec<u8> {
    workbook_with(b"")
}

/// A workbook with a record about its password.
fn workbook_with(pass: &[u8]) -> Vec<u8> {
    let name = |flags: u16, name: &[u8]| {
        record(
            0x18,
            &[&flags.to_le_bytes()[..], &[0, name.len() as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], name].concat(),
        )
    };
    let exec = [&[0x17][..], &text("calc"), &[0x17], &text(".exe"), &[0x08, 0x42, 1, 110, 0]].concat();
    let fill = [&[0x1e, 65, 0, 0x41, 111, 0, 0x24, 4, 0, 1, 0][..], &[0x42, 2, 97, 0x80]].concat();
    let user = [&[0x23, 1, 0, 0, 0][..], &[0x1e, 7, 0, 0x42, 2, 0xff, 0]].concat();
    let globals = |offset: u32| {
        [
            bof(5),
            pass.to_vec(),
            sheet(0x1000, 0, 0, "Sheet1"),
            sheet(offset, 2, 1, "Macro1"),
            record(0x1ae, &[&[1, 0, 8, 0, 0][..], b"\x01\x02a.xls\x03"].concat()),
            name(0x21, b"\x01"),
            name(0, b"plain"),
            record(0x0a, b""),
        ]
        .concat()
    };
    let offset = globals(0).len() as u32;
    let macros = [
        bof(0x40),
        formula(0, &exec),
        formula(1, &fill),
        formula(2, &user),
        formula(3, &[0x42, 0, 54, 0]),
        formula(4, &[0x7f]),
        record(0x0a, b""),
    ];
    [globals(offset), macros.concat()].concat()
}

#[test]
fn sheets_of_macros_tell_what_they_call() {
    let mut book = workbook();
    book.resize(4096, 0);
    let read = reading(Kind::Xls, &compound(&[("Workbook", &book)]));
    let told: Vec<_> = read.vectors.iter().filter(|vector| vector.namespace == "xls").cloned().collect();
    expect![[r#"
        xls.hidden_sheets = 0
        xls.very_hidden_sheets = 1
        xls.sheets = ["Sheet1:sheet", "Macro1:macros:very-hidden"]
        xls.macro_sheets = ["Macro1"]
        xls.auto_names = ["Auto_Open"]
        xls.names = ["!Auto_Open", "plain"]
        xls.formulas = ["Macro1!R1C1 =EXEC(\"calc\"&\".exe\")", "Macro1!R2C1 =FORMULA.FILL(CHAR(65),R5C2)", "Macro1!R3C1 =Auto_Open(7)", "Macro1!R4C1 =HALT()", "Macro1!R5C1 =…"]
        xls.calls = ["EXEC", "FORMULA.FILL", "HALT"]
        xls.links = ["a.xls"]
        xls.macro-sheets sheets=List(["Macro1"])
        xls.very-hidden-sheets sheets=1
    "#]].assert_eq(&(facts(&told) + &oddities(&read)));
}

#[test]
fn an_encrypted_workbook_says_how() {
    let mut book = [bof(5), record(0x2f, &[1, 0, 2, 0, 2, 0])].concat();
    book.resize(4096, 0);
    let read = reading(Kind::Xls, &compound(&[("Workbook", &book)]));
    let told: Vec<_> = read.vectors.iter().filter(|vector| vector.namespace == "xls").cloned().collect();
    expect![[r#"
        xls.encryption = "rc4-cryptoapi"
        xls.sheets = failed: file.encrypted
        xls.hidden_sheets = 0
        xls.very_hidden_sheets = 0
    "#]]
    .assert_eq(&facts(&told));
}

/// A workbook that is encrypted with a key, as the record about it says.
fn locked(pass: &[u8], key: &Key) -> Vec<u8> {
    let mut book = workbook_with(&record(0x2f, pass));
    let mut at = 0;
    while at < book.len() {
        let [number, length] = [at, at + 2].map(|at| u16::from_le_bytes([book[at], book[at + 1]]));
        let data = at + 4..at + 4 + usize::from(length);
        let plain = if number == 0x85 { 4 } else { 0 };
        if !matches!(number, 0x809 | 0x2f) {
            made::packed(key, &mut book, data.start + plain..data.end, &data);
        }
        at = data.end;
    }
    book.resize(4096, 0);
    compound(&[("Workbook", &book)])
}

#[test]
fn a_workbook_that_a_password_opens_is_read() {
    let mut text = String::new();
    for (name, password) in [
        ("rc4", "VelvetSweatshop"),
        ("api", "a"),
        ("api-40", "a"),
        ("xor", "VelvetSweatshop"),
        ("xor", "a"),
        ("rc4", "b"),
    ] {
        let (pass, key) = match name {
            "rc4" => made::rc4_header(password, Length::Short),
            "api" => made::rc4_header(password, Length::Bytes(16)),
            "api-40" => made::rc4_header(password, Length::Bytes(5)),
            _ => made::xor_header(password),
        };
        let kind: u16 = if name == "xor" { 0 } else { 1 };
        let bytes = locked(&[&kind.to_le_bytes(), pass.as_slice()].concat(), &key);
        let part = take_apart("x", &bytes, &Limits::default(), &["a".into()], &|| false);
        let wanted =
            ["scheme", "key_bits", "opened", "default_password", "encryption", "sheets", "calls", "auto_names"];
        let told: Vec<_> = part.vectors.iter().filter(|vector| wanted.contains(&vector.name)).cloned().collect();
        text += &format!("{name} {password}: {}", facts(&told).replace('\n', "; ").trim_end_matches("; "));
        text += "\n";
    }
    expect![[r#"
        rc4 VelvetSweatshop: encryption.scheme = "rc4"; encryption.key_bits = 40; encryption.opened = true; encryption.default_password = true; xls.encryption = "rc4"; xls.sheets = ["Sheet1:sheet", "Macro1:macros:very-hidden"]; xls.auto_names = ["Auto_Open"]; xls.calls = ["EXEC", "FORMULA.FILL", "HALT"]
        api a: encryption.scheme = "rc4-cryptoapi"; encryption.key_bits = 128; encryption.opened = true; encryption.default_password = false; xls.encryption = "rc4-cryptoapi"; xls.sheets = ["Sheet1:sheet", "Macro1:macros:very-hidden"]; xls.auto_names = ["Auto_Open"]; xls.calls = ["EXEC", "FORMULA.FILL", "HALT"]
        api-40 a: encryption.scheme = "rc4-cryptoapi"; encryption.key_bits = 40; encryption.opened = true; encryption.default_password = false; xls.encryption = "rc4-cryptoapi"; xls.sheets = ["Sheet1:sheet", "Macro1:macros:very-hidden"]; xls.auto_names = ["Auto_Open"]; xls.calls = ["EXEC", "FORMULA.FILL", "HALT"]
        xor VelvetSweatshop: encryption.scheme = "xor"; encryption.opened = true; encryption.default_password = true; xls.encryption = "xor"; xls.sheets = ["Sheet1:sheet", "Macro1:macros:very-hidden"]; xls.auto_names = ["Auto_Open"]; xls.calls = ["EXEC", "FORMULA.FILL", "HALT"]
        xor a: encryption.scheme = "xor"; encryption.opened = true; encryption.default_password = false; xls.encryption = "xor"; xls.sheets = ["Sheet1:sheet", "Macro1:macros:very-hidden"]; xls.auto_names = ["Auto_Open"]; xls.calls = ["EXEC", "FORMULA.FILL", "HALT"]
        rc4 b: encryption.scheme = "rc4"; encryption.key_bits = 40; encryption.opened = false; xls.encryption = "rc4"; xls.sheets = failed: file.encrypted
    "#]].assert_eq(&text);
}

#[test]
fn real_workbooks_list_their_sheets() {
    let Some(bytes) = shared("testEXCEL_macro.xls") else { return };
    expect![[r#"
        xls.hidden_sheets = 0
        xls.very_hidden_sheets = 0
        xls.sheets = ["Sheet1:sheet", "Sheet2:sheet", "Sheet3:sheet"]
    "#]]
    .assert_eq(&told(&apart(&bytes), "xls"));
}
