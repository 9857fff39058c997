use crate::Kind;
use crate::kit::{apart, compound, oddities, reading, shared, told, tree};
use expect_test::expect;

#[test]
fn a_real_package_tells_its_tables() {
    for name in ["sample2.msi", "sample3.msi", "sample5.msi"] {
        let Some(bytes) = shared(name) else { return };
        let part = apart(&bytes);
        if name == "sample5.msi" {
            expect![[r##"
                msi.code_page = 0
                msi.tables = ["AdminExecuteSequence:8", "AdminUISequence:4", "AdvtExecuteSequence:7", "AppSearch:0", "Binary:0", "Component:1", "CreateFolder:0", "CustomAction:0", "Directory:3", "Error:0", "Feature:1", "FeatureComponents:1", "File:1", "Icon:0", "InstallExecuteSequence:15", "InstallUISequence:5", "LaunchCondition:0", "Media:1", "MsiFileHash:1", "Property:6", "RegLocator:0", "Registry:0", "RemoveFile:0", "ServiceControl:0", "ServiceInstall:0", "Shortcut:0", "Signature:0", "Upgrade:0"]
                msi.manufacturer = "Sample Maker 5"
                msi.product_code = "{E4151502-0E81-45B5-A700-FB14AA1CB13B}"
                msi.product = "Sample 5"
                msi.product_version = "1.5.0"
                msi.upgrade_code = "{12345675-1234-1234-1234-123456789012}"
                msi.properties = ["Manufacturer=Sample Maker 5", "ProductLanguage=1033", "ProductCode={E4151502-0E81-45B5-A700-FB14AA1CB13B}", "ProductName=Sample 5", "ProductVersion=1.5.0", "UpgradeCode={12345675-1234-1234-1234-123456789012}"]
                msi.cabinets = ["#p.cab"]
                msi.file_names = ["payload5.txt"]
                msi.files = 1
                msi.signed = false
            "##]].assert_eq(&told(&part, "msi"));
        }
        assert!(!told(&part, "msi").contains("failed"), "{name}");
        let read = reading(Kind::Msi, &bytes);
        assert_eq!(oddities(&read), "", "{name}");
    }
}

/// The name of a stream as the database spells it.
fn packed(name: &str) -> String {
    let value = |letter: u8| {
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
            .iter()
            .position(|other| *other == letter)
            .unwrap() as u32
    };
    let pair = |pair: &[u8]| match pair {
        [first, second] => 0x3800 + value(*first) + (value(*second) << 6),
        _ => 0x4800 + value(pair[0]),
    };
    let (mark, name) = name.strip_prefix('!').map_or(("", name), |name| ("\u{4840}", name));
    mark.chars().chain(name.as_bytes().chunks(2).map(|letters| char::from_u32(pair(letters)).unwrap())).collect()
}

/// A name, columns with their types, and rows of texts or numbers.
type Table<'a> = (&'a str, &'a [(&'a str, u16)], &'a [&'a [&'a str]]);

/// A package of tables.
fn package(tables: &[Table], streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut texts: Vec<String> = vec![String::new()];
    let mut number = |text: &str| {
        let known = texts.iter().position(|other| other == text);
        known.unwrap_or_else(|| {
            texts.push(text.into());
            texts.len() - 1
        }) as u16
    };
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut columns: [Vec<u16>; 4] = Default::default();
    for (table, kinds, rows) in tables {
        let mut bytes = Vec::new();
        for (place, (name, kind)) in kinds.iter().enumerate() {
            let cells = [number(table), 0x8001 + place as u16, number(name), 0x8000 ^ kind];
            columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
            for row in *rows {
                let cell =
                    if kind & 0x0800 != 0 { number(row[place]) } else { 0x8000 + row[place].parse::<u16>().unwrap() };
                bytes.extend(cell.to_le_bytes());
            }
        }
        all.push((packed(&format!("!{table}")), bytes));
    }
    all.push((packed("!_Columns"), columns.concat().into_iter().flat_map(u16::to_le_bytes).collect()));
    let pool = texts[1..].iter().flat_map(|text| [text.len() as u16, 1]);
    all.push((packed("!_StringPool"), [1252, 0].into_iter().chain(pool).flat_map(u16::to_le_bytes).collect()));
    all.push((packed("!_StringData"), texts.concat().into_bytes()));
    all.extend(streams.iter().map(|(name, bytes)| (packed(name), bytes.to_vec())));
    compound(&all.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>())
}

#[test]
fn actions_that_run_scripts_and_programs_are_told() {
    let (key, text, number) = (0x2d48, 0x1dff, 0x0502);
    let bytes = package(
        &[
            ("Property", &[("Property", key), ("Value", text)], &[&["ProductName", "A product"], &["X", "1"]]),
            (
                "CustomAction",
                &[("Action", key), ("Type", number), ("Source", text), ("Target", text)],
                &[
                    &["a", "38", "", "MsgBox CreateObject(\"WScript.Shell\")"],
                    &["b", "3106", "TARGETDIR", "[TARGETDIR]a.exe /s"],
                    &["c", "1", "helper.dll", "Entry"],
                ],
            ),
            (
                "InstallExecuteSequence",
                &[("Action", key), ("Condition", text), ("Sequence", number)],
                &[&["b", "NOT Installed", "6000"], &["InstallFiles", "", "4000"]],
            ),
            ("Media", &[("DiskId", number), ("Cabinet", text)], &[&["1", "#a.cab"]]),
            ("Binary", &[("Name", key), ("Data", 0x0900)], &[&["helper.dll", ""]]),
        ],
        &[("Binary.helper.dll", b"data of a library"), ("a.cab", b"data of a cabinet")],
    );
    let part = apart(&bytes);
    expect![[r##"
        x | msi 7680
          ! msi.script-actions actions=List(["a"])
          ! msi.program-actions actions=List(["b"])
          Binary.helper.dll | txt 17
          a.cab | txt 17
          CustomAction/a.vbs | vbscript 36
        msi.code_page = 1252
        msi.tables = ["Binary:1", "CustomAction:3", "InstallExecuteSequence:2", "Media:1", "Property:2"]
        msi.product = "A product"
        msi.properties = ["ProductName=A product", "X=1"]
        msi.binaries = ["helper.dll"]
        msi.cabinets = ["#a.cab"]
        msi.files = 0
        msi.sequenced = ["InstallExecuteSequence 6000 b NOT Installed"]
        msi.custom_actions = ["a vbscript-inline  MsgBox CreateObject(\"WScript.Shell\")", "b exe-in-folder as-system TARGETDIR [TARGETDIR]a.exe /s", "c dll helper.dll Entry"]
        msi.signed = false
    "##]].assert_eq(&(tree(&part) + &told(&part, "msi")));
    assert!(told(&part.children[2], "script").contains("wscript.shell"));
    let cut = package(&[("Property", &[("Property", key), ("Value", text)], &[])], &[]);
    assert_eq!(oddities(&reading(Kind::Msi, &cut[..1024])).lines().next(), Some("msi.no-database"));
}
