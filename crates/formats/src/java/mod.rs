//! Byte code of Java (JVMS, chapter 4): the names in the constant pool tell what a class is, and what it reaches for.

pub mod archive;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::bytes::{head, slice, u8_at, u16_be};
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::reading::Reading;
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "class":
    "version" text "Version of the format.";
    "release" integer "Release of Java that it is for.";
    "name" text "Name of the class.";
    "super" text "Class it extends.";
    "interfaces" texts "Interfaces it implements.";
    "access" integer "Flags of access.";
    "fields" integer "Fields.";
    "methods" texts "Names of its methods.";
    "source_file" text "File it was compiled from.";
    "references" texts "Classes it names.";
    "calls" texts "Methods it names that run something, load code, or reach out of the program, as `class.method`.";
    "urls" texts "Addresses in its texts.";
    "strings" integer "Texts.";
}

/// Names of one list.
const NAMES_MAX: usize = 1000;
/// Bytes of one name or text: many entries may refer to the same long one.
const NAME_BYTES_MAX: usize = 4096;
/// Methods that run something, load code, or reach out; `*` for all methods of a class.
#[rustfmt::skip]
const CALLS: &[(&str, &str)] = &[
    ("java/lang/Runtime", "exec"), ("java/lang/Runtime", "load"), ("java/lang/Runtime", "loadLibrary"), ("java/lang/Runtime", "halt"),
    ("java/lang/ProcessBuilder", "*"), ("java/lang/System", "load"), ("java/lang/System", "loadLibrary"),
    ("java/lang/System", "setSecurityManager"), ("java/lang/ClassLoader", "defineClass"), ("java/net/URLClassLoader", "*"),
    ("java/lang/Class", "forName"), ("java/lang/reflect/Method", "invoke"), ("java/lang/reflect/AccessibleObject", "setAccessible"),
    ("java/lang/reflect/Method", "setAccessible"), ("java/lang/reflect/Field", "setAccessible"), ("java/lang/invoke/MethodHandles$Lookup", "defineClass"),
    ("javax/naming/InitialContext", "*"), ("javax/naming/Context", "lookup"), ("javax/script/ScriptEngine", "eval"),
    ("javax/script/ScriptEngineManager", "*"), ("java/io/ObjectInputStream", "readObject"), ("java/net/Socket", "*"),
    ("java/net/ServerSocket", "*"), ("java/net/DatagramSocket", "*"), ("java/net/URL", "openConnection"), ("java/net/URL", "openStream"),
    ("java/net/http/HttpClient", "*"), ("java/awt/Robot", "*"), ("java/awt/Toolkit", "getSystemClipboard"), ("javax/crypto/Cipher", "getInstance"),
    ("java/util/prefs/Preferences", "*"), ("java/lang/instrument/Instrumentation", "*"), ("com/sun/tools/attach/VirtualMachine", "*"),
    ("sun/misc/Unsafe", "*"), ("java/util/jar/JarOutputStream", "*"), ("java/rmi/registry/LocateRegistry", "*"),
];

/// An entry of the constant pool, as far as names need it.
#[derive(Clone, Copy)]
enum Constant<'a> {
    Utf8(&'a [u8]),
    /// A class, text, module or package: the number of its name.
    Named(u8, u16),
    /// A field or method: class, and name with type.
    Member(u16, u16),
    NameAndType(u16),
    Other,
}

struct Pool<'a>(Vec<Constant<'a>>);

impl Pool<'_> {
    fn utf8(&self, index: u16) -> Option<String> {
        match self.0.get(usize::from(index))? {
            Constant::Utf8(bytes) => Some(String::from_utf8_lossy(head(bytes, NAME_BYTES_MAX)).into_owned()),
            _ => None,
        }
    }

    fn named(&self, index: u16) -> Option<String> {
        match self.0.get(usize::from(index))? {
            Constant::Named(_, name) => self.utf8(*name),
            _ => None,
        }
    }

    fn method(&self, name_and_type: u16) -> Option<String> {
        match self.0.get(usize::from(name_and_type))? {
            Constant::NameAndType(name) => self.utf8(*name),
            _ => None,
        }
    }
}

/// Takes a class apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    match class(bytes, budget, &mut reading) {
        Ok(Some(())) => {}
        Ok(None) => {
            reading.odd(Message::new("class.cut-off"));
            reading.state(NAMESPACE, "methods", State::Failed(damaged()), None);
        }
        Err(limit) => reading.state(NAMESPACE, "methods", State::Limited(limit), None),
    }
    reading
}

fn class(bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<Option<()>, Limit> {
    let (Some(minor), Some(major), Some(count)) = (u16_be(bytes, 4), u16_be(bytes, 6), u16_be(bytes, 8)) else {
        return Ok(None);
    };
    reading.know(NAMESPACE, "version", format!("{major}.{minor}"));
    reading.know(NAMESPACE, "release", u32::from(major).saturating_sub(44));
    budget.pass(bytes.len())?;
    budget.step(u64::from(count) / 64)?;
    let (pool, at, whole) = constants(bytes, count);
    named(&pool, reading);
    Ok(if whole { body(bytes, at, &pool, reading) } else { None })
}

/// The constant pool, and where it ends; not whole when it is cut off or has an entry of an unknown kind.
fn constants(bytes: &[u8], count: u16) -> (Pool<'_>, usize, bool) {
    let (mut constants, mut at) = (vec![Constant::Other], 10);
    while constants.len() < usize::from(count) {
        let Some((constant, length, places)) = constant(bytes, at) else { return (Pool(constants), at, false) };
        constants.push(constant);
        // A number of eight bytes takes two places.
        constants.extend((1..places).map(|_| Constant::Other));
        at += length;
    }
    (Pool(constants), at, true)
}

fn constant(bytes: &[u8], at: usize) -> Option<(Constant<'_>, usize, usize)> {
    let tag = u8_at(bytes, at)?;
    let (first, second) = (u16_be(bytes, at + 1)?, u16_be(bytes, at + 3));
    Some(match tag {
        1 => (Constant::Utf8(slice(bytes, at + 3, first.into())?), 3 + usize::from(first), 1),
        3 | 4 | 17 | 18 => (Constant::Other, 5, 1),
        5 | 6 => (Constant::Other, 9, 2),
        7 | 8 | 16 | 19 | 20 => (Constant::Named(tag, first), 3, 1),
        9..=11 => (Constant::Member(first, second?), 5, 1),
        12 => (Constant::NameAndType(first), 5, 1),
        15 => (Constant::Other, 4, 1),
        _ => return None,
    })
}

/// What the pool names.
fn named(pool: &Pool, reading: &mut Reading) {
    let list = || Gathered::new(NAMES_MAX);
    let (mut references, mut calls, mut urls, mut strings) = (list(), list(), list(), 0_u32);
    for constant in &pool.0 {
        match *constant {
            Constant::Named(7, name) => references.push(pool.utf8(name).unwrap_or_default()),
            Constant::Named(8, name) => {
                strings += 1;
                let text = pool.utf8(name).unwrap_or_default();
                if text.contains("://") {
                    urls.push(text);
                }
            }
            Constant::Member(class, member) => {
                let (class, member) = (pool.named(class).unwrap_or_default(), pool.method(member).unwrap_or_default());
                if is_call(&class, &member) {
                    calls.push(format!("{}.{member}", class.replace('/', ".")));
                }
            }
            _ => {}
        }
    }
    reading.know(NAMESPACE, "strings", strings);
    references.state(reading, NAMESPACE, "references");
    calls.state(reading, NAMESPACE, "calls");
    urls.state(reading, NAMESPACE, "urls");
}

/// Whether a method is one of those that reach out.
fn is_call(class: &str, member: &str) -> bool {
    CALLS.iter().any(|(of, name)| *of == class && (*name == "*" || *name == member))
}

/// The class itself behind the pool; none when it is cut off.
fn body(bytes: &[u8], mut at: usize, pool: &Pool, reading: &mut Reading) -> Option<()> {
    reading.know(NAMESPACE, "access", u32::from(u16_be(bytes, at)?));
    text(reading, NAMESPACE, "name", pool.named(u16_be(bytes, at + 2)?).unwrap_or_default());
    text(reading, NAMESPACE, "super", pool.named(u16_be(bytes, at + 4)?).unwrap_or_default());
    let count = usize::from(u16_be(bytes, at + 6)?);
    at += 8;
    let mut interfaces = Gathered::new(NAMES_MAX);
    for number in 0..count {
        interfaces.push(pool.named(u16_be(bytes, at + number * 2)?).unwrap_or_default());
    }
    interfaces.state(reading, NAMESPACE, "interfaces");
    at += count * 2;
    let fields = u16_be(bytes, at)?;
    reading.know(NAMESPACE, "fields", u32::from(fields));
    at += 2;
    for _ in 0..fields {
        at = member(bytes, at)?.1;
    }
    let (count, mut methods) = (u16_be(bytes, at)?, Gathered::new(NAMES_MAX));
    at += 2;
    for _ in 0..count {
        let (name, behind) = member(bytes, at)?;
        methods.push(pool.utf8(name).unwrap_or_default());
        at = behind;
    }
    methods.state(reading, NAMESPACE, "methods");
    for _ in 0..u16_be(bytes, at)? {
        let (name, behind) = attribute(bytes, at + 2)?;
        if pool.utf8(name).as_deref() == Some("SourceFile") {
            text(reading, NAMESPACE, "source_file", pool.utf8(u16_be(bytes, at + 8)?).unwrap_or_default());
        }
        at = behind - 2;
    }
    if at + 2 < bytes.len() {
        let count = Value::unsigned((bytes.len() - at - 2) as u64);
        if let Value::Integer(count) = count {
            reading.odd_at(Message::new("class.data-behind").number("bytes", count), at as u64 + 2);
        }
    }
    Some(())
}

/// A field or method: the number of its name, and what is behind it.
fn member(bytes: &[u8], at: usize) -> Option<(u16, usize)> {
    let name = u16_be(bytes, at + 2)?;
    let count = u16_be(bytes, at + 6)?;
    let mut at = at + 8;
    for _ in 0..count {
        at = attribute(bytes, at)?.1;
    }
    Some((name, at))
}

fn attribute(bytes: &[u8], at: usize) -> Option<(u16, usize)> {
    let length = crate::bytes::u32_be(bytes, at + 2)? as usize;
    let behind = at.checked_add(6)?.checked_add(length)?;
    (behind <= bytes.len()).then_some((u16_be(bytes, at)?, behind))
}
