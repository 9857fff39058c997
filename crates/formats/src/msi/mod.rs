//! Packages of Windows Installer: a database inside a compound file. What it sets, what it runs besides copying files, and
//! where it keeps the files.

mod database;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names::shown;
use crate::ole::compound::Compound;
use crate::reading::{Child, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::{State, vectors};
use database::{Database, Row};
use model::Message;

pub use database::spell;

vectors! { "msi":
    "tables" texts "Tables, with the count of their rows behind a colon.";
    "code_page" integer "Code page of the texts.";
    "product" text "Name of the product.";
    "manufacturer" text "Maker of the product.";
    "product_version" text "Version of the product.";
    "product_code" text "Identifier of the product.";
    "upgrade_code" text "Identifier of the line of products.";
    "properties" texts "Properties, as `name=value`.";
    "custom_actions" texts "Actions besides those of the installer: name, kind, source and target.";
    "sequenced" texts "Custom actions that are run at a place in a sequence, with their condition.";
    "files" integer "Files it installs.";
    "file_names" texts "Names of files it installs.";
    "binaries" texts "Names of data that actions use.";
    "cabinets" texts "Cabinets that hold the files; those inside of the package begin with `#`.";
    "services" texts "Services it installs, with what each runs.";
    "registry" texts "Keys it writes that have something run: `key\\name=value`.";
    "shortcuts" texts "Shortcuts it makes, with their targets.";
    "signed" flag "Whether there is a signature.";
}

/// Texts of one list.
const TEXTS_MAX: usize = 1000;
/// Keys under which something is run.
#[rustfmt::skip]
const RUNNING_KEYS: &[&str] = &[
    "\\currentversion\\run", "\\winlogon", "\\image file execution options", "\\active setup\\", "\\services\\", "appinit_dlls",
    "\\shell\\open\\command", "\\inprocserver32", "\\policies\\explorer\\run", "\\session manager",
];

/// Reads the database of a package.
pub fn of_compound(compound: &Compound, budget: &mut Budget, reading: &mut Reading) {
    match Database::open(compound, budget) {
        Ok(Some(database)) => {
            if let Err(limit) = tables(&database, budget, reading) {
                reading.state(NAMESPACE, "tables", State::Limited(limit), None);
            }
        }
        Ok(None) => {
            reading.odd(Message::new("msi.no-database"));
            reading.state(NAMESPACE, "tables", State::Failed(damaged()), None);
        }
        Err(limit) => reading.state(NAMESPACE, "tables", State::Limited(limit), None),
    }
    reading.know(NAMESPACE, "signed", compound.find("\u{5}DigitalSignature").is_some());
}

fn tables(database: &Database, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    reading.know(NAMESPACE, "code_page", database.code_page);
    let mut tables = Gathered::new(TEXTS_MAX);
    for name in database.tables() {
        tables.push(format!("{name}:{}", database.count(name, budget)?));
    }
    tables.state(reading, NAMESPACE, "tables");
    if database.is_short {
        reading.odd(Message::new("msi.table-cut-off"));
    }
    properties(database, budget, reading)?;
    list(database, "Binary", "binaries", budget, reading, |row| row.text("Name"))?;
    list(database, "Media", "cabinets", budget, reading, |row| row.text("Cabinet"))?;
    list(database, "File", "file_names", budget, reading, |row| long_name(&row.text("FileName")))?;
    let files = database.count("File", budget)?;
    reading.know(NAMESPACE, "files", files);
    list(database, "ServiceInstall", "services", budget, reading, |row| {
        format!("{} {} {}", row.text("Name"), row.text("Component_"), row.text("Arguments")).trim().to_owned()
    })?;
    list(database, "Shortcut", "shortcuts", budget, reading, |row| {
        format!("{} {} {}", long_name(&row.text("Name")), row.text("Target"), row.text("Arguments")).trim().to_owned()
    })?;
    list(database, "Registry", "registry", budget, reading, |row| {
        let key = format!("\\{}", row.text("Key"));
        let lower = key.to_ascii_lowercase();
        let runs = RUNNING_KEYS.iter().any(|piece| lower.contains(piece));
        if runs { format!("{key}\\{}={}", row.text("Name"), row.text("Value")) } else { String::new() }
    })?;
    sequences(database, budget, reading)?;
    actions(database, budget, reading)
}

fn list(
    database: &Database,
    table: &str,
    fact: &'static str,
    budget: &mut Budget,
    reading: &mut Reading,
    of: impl Fn(&Row) -> String,
) -> Result<(), Limit> {
    let mut texts = Gathered::new(TEXTS_MAX);
    for row in database.rows(table, budget)? {
        texts.push(of(&row));
    }
    texts.state(reading, NAMESPACE, fact);
    Ok(())
}

/// Names of files are told short and long, with a bar between.
fn long_name(name: &str) -> String {
    name.rsplit('|').next().unwrap_or_default().to_owned()
}

fn properties(database: &Database, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    let mut all = Gathered::new(TEXTS_MAX);
    for row in database.rows("Property", budget)? {
        let (name, value) = (row.text("Property"), row.text("Value"));
        let fact = match name.as_str() {
            "ProductName" => Some("product"),
            "Manufacturer" => Some("manufacturer"),
            "ProductVersion" => Some("product_version"),
            "ProductCode" => Some("product_code"),
            "UpgradeCode" => Some("upgrade_code"),
            _ => None,
        };
        if let Some(fact) = fact {
            text(reading, NAMESPACE, fact, value.as_str());
        }
        all.push(format!("{name}={value}"));
    }
    all.state(reading, NAMESPACE, "properties");
    Ok(())
}

fn sequences(database: &Database, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    let mut custom = std::collections::HashSet::new();
    for row in database.rows("CustomAction", budget)? {
        custom.insert(row.text("Action"));
    }
    let mut sequenced = Gathered::new(TEXTS_MAX);
    for table in [
        "InstallUISequence",
        "InstallExecuteSequence",
        "AdminUISequence",
        "AdminExecuteSequence",
        "AdvtExecuteSequence",
    ] {
        for row in database.rows(table, budget)? {
            let action = row.text("Action");
            if custom.contains(&action) {
                let condition = row.text("Condition");
                sequenced.push(format!("{table} {} {action} {condition}", row.number("Sequence")).trim());
            }
        }
    }
    sequenced.state(reading, NAMESPACE, "sequenced");
    Ok(())
}

/// What an action is, by the lower six bits of its type.
fn action_kind(kind: i64) -> &'static str {
    match kind & 0x3f {
        1 => "dll",
        2 => "exe",
        5 => "jscript",
        6 => "vbscript",
        7 | 23 | 39 => "install",
        17 => "dll-installed",
        18 => "exe-installed",
        19 => "error",
        21 => "jscript-installed",
        22 => "vbscript-installed",
        34 => "exe-in-folder",
        35 => "set-folder",
        37 => "jscript-inline",
        38 => "vbscript-inline",
        50 => "exe-by-property",
        51 => "set-property",
        53 => "jscript-by-property",
        54 => "vbscript-by-property",
        _ => "other",
    }
}

fn actions(database: &Database, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    let mut listed = Gathered::new(TEXTS_MAX);
    let (mut scripts, mut programs) = (Vec::new(), Vec::new());
    for row in database.rows("CustomAction", budget)? {
        let (name, number) = (row.text("Action"), row.number("Type"));
        let (source, target) = (row.text("Source"), row.text("Target"));
        let kind = action_kind(number);
        // Deferred and not in the name of the user is in the name of the system.
        let system = if number & 0xc00 == 0xc00 { " as-system" } else { "" };
        let hidden = if number & 0x2000 != 0 { " not-logged" } else { "" };
        listed.push(format!("{name} {kind}{system}{hidden} {source} {target}").trim());
        if kind.contains("script") {
            scripts.push(shown(&name));
        } else if kind.starts_with("exe") {
            programs.push(shown(&name));
        }
        if kind.ends_with("script-inline") {
            let extension = if kind.starts_with("vb") { "vbs" } else { "js" };
            budget.expand(target.len())?;
            let name = format!("CustomAction/{name}.{extension}");
            reading.child(budget, Child::made(name, target, Storage::Plain))?;
        }
    }
    listed.state(reading, NAMESPACE, "custom_actions");
    for (code, names) in [("msi.script-actions", scripts), ("msi.program-actions", programs)] {
        if !names.is_empty() {
            let message = Message::new(code);
            reading.odd(message.list("actions", names.iter().take(5)));
        }
    }
    Ok(())
}
