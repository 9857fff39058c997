//! Registry files: the plan's plain registry values, to set and, with what can be said without the host, to undo.

use crate::procedure::{Part, Procedure};
use std::fmt::Write;

/// The `.reg` file that sets the registry values of a plan; `None` when it has none.
///
/// A registry file saves nothing, checks nothing and reads nothing back: the batch file is the way, this one is for
/// systems where only a registry file can be brought in (group policy preferences, offline images).
pub fn set_file(procedure: &Procedure) -> Option<String> {
    render(procedure, |_, data| data.to_owned(), "sets")
}

/// The `.reg` file that deletes the same values, which is the undo where they were absent before.
pub fn undo_file(procedure: &Procedure) -> Option<String> {
    // These exist on every system, with another value: deleting them would be no undo.
    let kept = |part: &Part| matches!(part, Part::Value { name, .. } if matches!(name.as_str(), "DependOnService" | "fDenyTSConnections" | "UserAuthentication"));
    if procedure.items.iter().flat_map(Procedure::parts).any(kept) {
        return None;
    }
    render(procedure, |_, _| "-".to_owned(), "undoes")
}

fn render(procedure: &Procedure, value: impl Fn(&str, &str) -> String, verb: &str) -> Option<String> {
    let mut out = format!(
        "REGEDIT4\n\n; Redoubt plan {}: {verb} its registry values; services, firewall and updates are not in this file.\n; Host: {}\n",
        procedure.plan,
        procedure.computer.as_deref().unwrap_or("(known by its product id)")
    );
    let mut key_now = "";
    let mut any = false;
    for part in procedure.items.iter().flat_map(Procedure::parts) {
        let Part::Value { key, name, value_type, data } = part else { continue };
        let data = literal(value_type, data)?;
        if key != key_now {
            let _ = write!(out, "\n[{key}]\n");
            key_now = key;
        }
        let _ = writeln!(out, "\"{name}\"={}", value(name, &data));
        any = true;
    }
    any.then(|| super::cmd::crlf(&out))
}

/// A value as `regedit` writes it: `dword:00000001`, `"text"`, `hex(2):…` in the ANSI bytes of REGEDIT4.
fn literal(value_type: &str, data: &str) -> Option<String> {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(",");
    Some(match value_type {
        "REG_DWORD" => format!("dword:{:08x}", u32::from_str_radix(data.strip_prefix("0x")?, 16).ok()?),
        "REG_SZ" => format!("\"{}\"", data.replace('\\', "\\\\").replace('"', "\\\"")),
        "REG_EXPAND_SZ" => format!("hex(2):{}", hex([data.as_bytes(), b"\0"].concat())),
        "REG_MULTI_SZ" => format!("hex(7):{}", hex([data.replace("\\0", "\0").as_bytes(), b"\0\0"].concat())),
        _ => return None,
    })
}
