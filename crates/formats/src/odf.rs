//! OpenDocument (OASIS, 1.3): the manifest, what the document says of itself, its scripts, and where it reaches to. The
//! parts themselves are those of the archive.

use crate::budget::Budget;
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names;
use crate::reading::Reading;
use crate::unpack::encrypted;
use crate::vector::{State, Value, vectors};
use crate::xml::{self, Node};
use crate::zip;
use model::Message;
use std::collections::HashSet;

vectors! { "odf":
    "type" text "Media type of the whole.";
    "version" text "Version of OpenDocument.";
    "encrypted" texts "Paths of parts that are encrypted.";
    "scripts" texts "Paths of parts that are scripts of the document.";
    "events" texts "Scripts that run on an event, as `event: script`.";
    "links" texts "Addresses that the document refers to outside of itself.";
    "loaded" texts "Addresses outside of itself that the document loads by itself.";
    "dde" texts "Servers and topics of dynamic data exchange.";
    "embedded" texts "Paths of embedded objects.";
    "signed" flag "Whether there is a signature.";
    "title" text "Title.";
    "subject" text "Subject.";
    "description" text "Description.";
    "creator" text "Who saved it last.";
    "initial_creator" text "Who made it.";
    "generator" text "Program that wrote it.";
    "editing_cycles" text "How many times it was saved.";
    "created" time "When it was made, as it says.";
    "modified" time "When it was last saved, as it says.";
    "printed" time "When it was last printed, as it says.";
    "template" text "Template it is made from.";
    "user_defined" texts "Properties that users defined, as `name=value`.";
}

/// Texts of one list.
const TEXTS_MAX: usize = 1000;

/// Takes a document apart.
pub fn read(bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = zip::read(bytes, budget, passwords);
    let children = std::mem::take(&mut reading.children);
    let mut found = Found::default();
    let mut paths = HashSet::new();
    for child in &children {
        let name = child.name.replace('\\', "/");
        found.part(&name);
        paths.insert(name.clone());
        let Some(content) = child.bytes(bytes) else { continue };
        if let Err(limit) = found.content(&name, content, budget, &mut reading) {
            reading.state(NAMESPACE, "type", State::Limited(limit), None);
            break;
        }
    }
    for path in found.listed.iter().filter(|path| !path.ends_with('/') && !paths.contains(*path)) {
        reading.odd(Message::new("odf.part-missing").with("name", names::shown(path)));
    }
    reading.children = children;
    found.state(&mut reading);
    reading
}

struct Found {
    listed: Gathered,
    encrypted: Gathered,
    scripts: Gathered,
    events: Gathered,
    links: Gathered,
    loaded: Gathered,
    dde: Gathered,
    embedded: Gathered,
    user_defined: Gathered,
    signed: bool,
}

impl Default for Found {
    fn default() -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        Found {
            listed: list(),
            encrypted: list(),
            scripts: list(),
            events: list(),
            links: list(),
            loaded: list(),
            dde: list(),
            embedded: list(),
            user_defined: list(),
            signed: false,
        }
    }
}

impl Found {
    fn part(&mut self, name: &str) {
        if name.starts_with("Basic/") || name.starts_with("Scripts/") || name.starts_with("Dialogs/") {
            self.scripts.push(name);
        }
        if name.starts_with("Object ") || name.starts_with("ObjectReplacements/") {
            self.embedded.push(name.split('/').take(2).collect::<Vec<_>>().join("/"));
        }
        self.signed |= name.starts_with("META-INF/") && name.ends_with("signatures.xml");
    }

    fn content(&mut self, name: &str, content: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        let end = match name {
            "mimetype" => {
                text(reading, NAMESPACE, "type", String::from_utf8_lossy(crate::bytes::head(content, 200)).trim());
                xml::End::Whole
            }
            "META-INF/manifest.xml" => self.manifest(content, budget, reading)?,
            "meta.xml" => self.meta(content, budget, reading)?,
            "content.xml" | "styles.xml" | "settings.xml" => self.body(content, budget)?,
            _ => xml::End::Whole,
        };
        // Parts that are encrypted are no XML.
        if end == xml::End::Broken && self.encrypted.is_empty() {
            reading.odd(Message::new("odf.part-damaged").with("name", names::shown(name)));
        }
        Ok(())
    }

    fn manifest(&mut self, content: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<xml::End, Limit> {
        let (mut path, mut version) = (String::new(), String::new());
        let end = xml::walk(content, budget, &mut |node| {
            let Node::Start(element) = node else { return };
            match element.name.as_str() {
                "manifest" => version = element.get("version").unwrap_or_default().to_owned(),
                "file-entry" => {
                    path = element.get("full-path").unwrap_or_default().to_owned();
                    self.listed.push(path.as_str());
                }
                "encryption-data" => self.encrypted.push(path.as_str()),
                _ => {}
            }
        });
        text(reading, NAMESPACE, "version", version);
        end
    }

    fn meta(&mut self, content: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<xml::End, Limit> {
        xml::leaves(content, budget, &mut |element, value| {
            let name = match element.name.as_str() {
                "title" => "title",
                "subject" => "subject",
                "description" => "description",
                "creator" => "creator",
                "initial-creator" => "initial_creator",
                "generator" => "generator",
                "editing-cycles" => "editing_cycles",
                "creation-date" => "created",
                "date" => "modified",
                "print-date" => "printed",
                "template" => "template",
                "user-defined" => {
                    self.user_defined.push(format!("{}={value}", element.get("name").unwrap_or_default()));
                    return;
                }
                _ => return,
            };
            match name {
                "created" | "modified" | "printed" => match xml::time(value) {
                    Some(time) => reading.know(NAMESPACE, name, Value::Time(time)),
                    None => reading.state(NAMESPACE, name, State::Failed(crate::unpack::damaged()), None),
                },
                "template" => text(reading, NAMESPACE, name, element.get("href").unwrap_or_default()),
                _ => text(reading, NAMESPACE, name, value),
            }
        })
    }

    fn body(&mut self, content: &[u8], budget: &mut Budget) -> Result<xml::End, Limit> {
        xml::walk(content, budget, &mut |node| {
            let Node::Start(element) = node else { return };
            let of = |name: &str| element.get(name).unwrap_or_default().to_owned();
            match element.name.as_str() {
                "event-listener" => self.events.push(format!("{}: {}", of("event-name"), of("href"))),
                "dde-source" | "dde-connection-decl" => {
                    self.dde.push(format!("{}|{}|{}", of("dde-application"), of("dde-topic"), of("dde-item")));
                }
                _ => {
                    let Some(target) = element.get("href").filter(|target| target.contains(':')) else { return };
                    self.links.push(target);
                    if element.name != "a" {
                        self.loaded.push(format!("{}: {target}", element.name));
                    }
                }
            }
        })
    }

    fn state(self, reading: &mut Reading) {
        if !self.encrypted.is_empty() {
            // What is behind it could be anything.
            reading.state(NAMESPACE, "encrypted", State::Failed(encrypted()), None);
        }
        if !self.dde.is_empty() {
            reading.odd(Message::new("odf.dde"));
        }
        reading.know(NAMESPACE, "signed", self.signed);
        for (list, name) in [
            (self.encrypted, "encrypted"),
            (self.scripts, "scripts"),
            (self.events, "events"),
            (self.links, "links"),
            (self.loaded, "loaded"),
            (self.dde, "dde"),
            (self.embedded, "embedded"),
            (self.user_defined, "user_defined"),
        ] {
            list.state(reading, NAMESPACE, name);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Kind;
    use crate::kit::{deflated, facts, oddities, reading, stored, zip};
    use expect_test::expect;

    #[test]
    fn a_text_tells_its_scripts_and_links() {
        let bytes = zip(&[
            stored("mimetype", b"application/vnd.oasis.opendocument.text"),
            deflated("META-INF/manifest.xml", br#"<m:manifest m:version="1.2"><m:file-entry m:full-path="/"/><m:file-entry m:full-path="gone.xml"/></m:manifest>"#),
            deflated("meta.xml", br#"<o><m:generator>G/1</m:generator><m:creation-date>2020-01-01T00:00:00.12</m:creation-date></o>"#),
            deflated(
                "content.xml",
                br#"<o><script:event-listener script:event-name="dom:load" xlink:href="vnd.sun.star.script:a"/><text:a xlink:href="http://example.org/"/><draw:image xlink:href="http://192.0.2.1/i.png"/></o>"#,
            ),
            deflated("Basic/Standard/a.xml", b"<x/>"),
        ]);
        let reading = reading(Kind::Odt, &bytes);
        let told = facts(&reading.vectors);
        let told: Vec<&str> = told.lines().filter(|line| line.starts_with("odf")).collect();
        expect![[r#"
            odf.type = "application/vnd.oasis.opendocument.text"
            odf.version = "1.2"
            odf.generator = "G/1"
            odf.created = 1577836800s
            odf.signed = false
            odf.scripts = ["Basic/Standard/a.xml"]
            odf.events = ["dom:load: vnd.sun.star.script:a"]
            odf.links = ["http://example.org/", "http://192.0.2.1/i.png"]
            odf.loaded = ["image: http://192.0.2.1/i.png"]"#]]
        .assert_eq(&told.join("\n"));
        expect![[r#"
            odf.part-missing name="gone.xml"
        "#]]
        .assert_eq(&oddities(&reading));
    }
}
