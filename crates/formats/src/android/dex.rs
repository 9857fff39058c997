//! Byte code of Android (Dalvik Executable, versions 035 to 041): its own sums, and the methods and texts it names.

use crate::budget::Budget;
use crate::bytes::{array, slice, u16_le, u32_le};
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names::{decode, until_zero};
use crate::reading::Reading;
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};
use model::Message;
use sha1::{Digest, Sha1};

vectors! { "dex":
    "version" text "Version of the format.";
    "checksum_matches" flag "Whether its checksum is right.";
    "signature" digest "SHA-1 that it says it has.";
    "signature_matches" flag "Whether it has that SHA-1.";
    "size" integer "Size it says it has.";
    "strings" integer "Texts.";
    "types" integer "Types it names.";
    "methods" integer "Methods it names.";
    "classes" integer "Classes it defines.";
    "calls" texts "Methods it names that run something, load code, spy or reach out, as `class.method`.";
    "urls" texts "Addresses in its texts.";
    "packages" texts "Packages of the classes it defines, two names deep.";
}

const HEADER_BYTES: usize = 112;
const NAMES_MAX: usize = 1000;
/// Bytes of one text: many entries may point at the same long one.
const TEXT_BYTES_MAX: usize = 4096;
const TEXT_STEPS: u64 = 4;
/// Methods and texts that are gone through.
const ENTRIES_MAX: u32 = 200_000;
/// Methods by the end of their class and their name; `*` for all of a class.
#[rustfmt::skip]
const CALLS: &[(&str, &str)] = &[
    ("Ljava/lang/Runtime;", "exec"), ("Ljava/lang/ProcessBuilder;", "start"), ("Ljava/lang/System;", "load"), ("Ljava/lang/System;", "loadLibrary"),
    ("Ljava/lang/Class;", "forName"), ("Ljava/lang/reflect/Method;", "invoke"), ("Ldalvik/system/DexClassLoader;", "*"),
    ("Ldalvik/system/PathClassLoader;", "*"), ("Ldalvik/system/InMemoryDexClassLoader;", "*"), ("Ldalvik/system/DexFile;", "*"),
    ("Landroid/telephony/SmsManager;", "*"), ("Landroid/telephony/TelephonyManager;", "getDeviceId"), ("Landroid/telephony/TelephonyManager;", "getImei"),
    ("Landroid/telephony/TelephonyManager;", "getSubscriberId"), ("Landroid/telephony/TelephonyManager;", "getLine1Number"),
    ("Landroid/telephony/TelephonyManager;", "getSimSerialNumber"), ("Landroid/app/admin/DevicePolicyManager;", "*"),
    ("Landroid/media/MediaRecorder;", "*"), ("Landroid/media/AudioRecord;", "*"), ("Landroid/hardware/Camera;", "open"),
    ("Landroid/location/LocationManager;", "*"), ("Landroid/accessibilityservice/AccessibilityService;", "*"),
    ("Landroid/content/pm/PackageManager;", "setComponentEnabledSetting"), ("Landroid/content/pm/PackageManager;", "getInstalledPackages"),
    ("Landroid/content/pm/PackageManager;", "getInstalledApplications"), ("Landroid/content/pm/PackageInstaller;", "*"),
    ("Landroid/content/ClipboardManager;", "getPrimaryClip"), ("Landroid/webkit/WebView;", "addJavascriptInterface"),
    ("Landroid/webkit/WebView;", "loadUrl"), ("Landroid/view/WindowManager;", "addView"), ("Landroid/media/projection/MediaProjectionManager;", "*"),
    ("Landroid/app/KeyguardManager;", "*"), ("Ljavax/crypto/Cipher;", "getInstance"), ("Ljava/net/Socket;", "*"), ("Ljava/net/ServerSocket;", "*"),
    ("Ljava/net/URL;", "openConnection"), ("Landroid/os/PowerManager$WakeLock;", "acquire"), ("Landroid/provider/Telephony$Sms;", "getDefaultSmsPackage"),
];

/// Takes byte code apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    if header(bytes, &mut reading).is_none() {
        reading.state(NAMESPACE, "classes", State::Failed(damaged()), None);
        return reading;
    }
    if let Err(limit) = named(bytes, budget, &mut reading) {
        reading.state(NAMESPACE, "calls", State::Limited(limit), None);
    }
    reading
}

fn header(bytes: &[u8], reading: &mut Reading) -> Option<()> {
    slice(bytes, 0, HEADER_BYTES)?;
    text(reading, NAMESPACE, "version", decode(until_zero(slice(bytes, 4, 4)?)));
    let size = u32_le(bytes, 32)?;
    reading.know_at(NAMESPACE, "size", size, 32);
    if size as usize > bytes.len() {
        reading.odd_at(Message::new("dex.cut-off"), 32);
    }
    // The sums are over the file as it says it is; what is behind that is not of it.
    let own = bytes.get(..size as usize).unwrap_or(bytes);
    if own.len() < bytes.len() {
        let count = i64::try_from(bytes.len() - own.len()).unwrap_or(i64::MAX);
        reading.odd_at(Message::new("dex.data-behind").number("bytes", count), own.len() as u64);
    }
    let is_sum = adler32(own.get(12..).unwrap_or_default()) == u32_le(bytes, 8)?;
    let signature: [u8; 20] = array(bytes, 12)?;
    let is_signature = Sha1::digest(own.get(32..).unwrap_or_default()).as_slice() == signature;
    reading.know_at(NAMESPACE, "checksum_matches", is_sum, 8);
    reading.know_at(NAMESPACE, "signature", Value::Digest(signature.to_vec()), 12);
    reading.know_at(NAMESPACE, "signature_matches", is_signature, 12);
    if !is_sum {
        reading.odd_at(Message::new("dex.checksum-differs"), 8);
    }
    if !is_signature {
        reading.odd_at(Message::new("dex.signature-differs"), 12);
    }
    for (name, at) in [("strings", 56), ("types", 64), ("methods", 88), ("classes", 96)] {
        reading.know_at(NAMESPACE, name, u32_le(bytes, at)?, at as u64);
    }
    Some(())
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    // So many bytes can be added before a sum no longer fits.
    for block in bytes.chunks(5552) {
        for byte in block {
            low += u32::from(*byte);
            high += low;
        }
        (low, high) = (low % 65521, high % 65521);
    }
    high << 16 | low
}

/// The tables of a file.
struct Tables<'a> {
    bytes: &'a [u8],
    strings: usize,
    types: usize,
}

impl Tables<'_> {
    fn string(&self, index: u32) -> Option<String> {
        let at = u32_le(self.bytes, self.strings.checked_add(index as usize * 4)?)? as usize;
        let rest = self.bytes.get(at..)?;
        // In front stands the count of letters, in groups of seven bits.
        let skipped = rest.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
        let text = until_zero(crate::bytes::head(rest.get(skipped..)?, TEXT_BYTES_MAX));
        Some(String::from_utf8_lossy(text).into_owned())
    }

    fn kind(&self, index: u32) -> Option<String> {
        self.string(u32_le(self.bytes, self.types.checked_add(index as usize * 4)?)?)
    }
}

fn named(bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    let of = |at: usize| u32_le(bytes, at).unwrap_or(0);
    let tables = Tables { bytes, strings: of(60) as usize, types: of(68) as usize };
    budget.pass(bytes.len())?;
    let list = || Gathered::new(NAMES_MAX);
    let (mut calls, mut urls, mut packages) = (list(), list(), list());
    for number in 0..of(88).min(ENTRIES_MAX) {
        budget.step(TEXT_STEPS)?;
        let at = (of(92) as usize).saturating_add(number as usize * 8);
        let (Some(class), Some(name)) = (u16_le(bytes, at), u32_le(bytes, at.saturating_add(4))) else { break };
        let Some(class) = tables.kind(class.into()) else { continue };
        if !CALLS.iter().any(|(of, _)| *of == class) {
            continue;
        }
        let name = tables.string(name).unwrap_or_default();
        if CALLS.iter().any(|(of, call)| *of == class && (*call == "*" || *call == name)) {
            calls.push(format!("{}.{name}", plain(&class)));
        }
    }
    for number in 0..of(56).min(ENTRIES_MAX) {
        budget.step(TEXT_STEPS)?;
        let Some(text) = tables.string(number) else { break };
        if text.contains("://") {
            urls.push(text);
        }
    }
    for number in 0..of(96).min(ENTRIES_MAX) {
        budget.step(TEXT_STEPS)?;
        let at = (of(100) as usize).saturating_add(number as usize * 32);
        let Some(class) = u32_le(bytes, at).and_then(|class| tables.kind(class)) else { break };
        let class = plain(&class);
        let pieces: Vec<&str> = class.split('.').collect();
        let package = pieces.split_last().map_or(&[][..], |(_, package)| package);
        packages.push(package.get(..2).unwrap_or(package).join("."));
    }
    calls.state(reading, NAMESPACE, "calls");
    urls.state(reading, NAMESPACE, "urls");
    packages.state(reading, NAMESPACE, "packages");
    if [of(56), of(88), of(96)].iter().any(|count| *count > ENTRIES_MAX) { Err(Limit::Entries) } else { Ok(()) }
}

fn plain(class: &str) -> String {
    class.trim_start_matches('L').trim_end_matches(';').replace('/', ".")
}
