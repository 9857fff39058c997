//! Memory against real processes: harmless shapes that a child of this test makes in its own memory, and every process that
//! happens to be here.

#![cfg(target_os = "linux")]

use endpoint::memory::facts::{Begins, Code, Finding};
use endpoint::memory::judge::{MALICIOUS_AT, SUSPICIOUS_AT};
use endpoint::memory::maps::Origin;
use endpoint::memory::scan::{Budget, Scanner, content};
use endpoint::packages::Databases;
use endpoint::telemetry::publisher::Publishers;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SHAPE: &str = "REDOUBT_SHAPE";
const PAGE: usize = 4096;
const READABLE_WRITABLE: i32 = libc::PROT_READ | libc::PROT_WRITE;
const READABLE_EXECUTABLE: i32 = libc::PROT_READ | libc::PROT_EXEC;

/// Not a test by itself: what a child of this test does. It changes nothing but its own memory.
#[test]
fn shape() {
    let Ok(shape) = std::env::var(SHAPE) else { return };
    match shape.as_str() {
        "plain" => {}
        "written" => drop(map(READABLE_WRITABLE | libc::PROT_EXEC, b"\xc3")),
        "made" => protect(map(READABLE_WRITABLE, b"\xc3"), READABLE_EXECUTABLE),
        "image" => {
            let head = std::fs::read("/proc/self/exe").unwrap();
            protect(map(READABLE_WRITABLE, &head[..PAGE]), READABLE_EXECUTABLE);
        }
        "memfd" => {
            // SAFETY: the name is a string of C; the descriptor is kept until the end.
            let file = unsafe { libc::memfd_create(c"loaded".as_ptr(), 0) };
            let path = format!("/proc/self/fd/{file}");
            std::fs::copy(libm(), &path).unwrap();
            load(&path);
        }
        "deleted" => {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("lib.so");
            std::fs::copy(libm(), &path).unwrap();
            load(path.to_str().unwrap());
        }
        "patched" => patch(),
        #[cfg(target_arch = "x86_64")]
        "thread" => {
            // pause(); return: mov eax, 34; syscall; ret.
            let code = map(READABLE_WRITABLE, b"\xb8\x22\x00\x00\x00\x0f\x05\xc3");
            protect(code, READABLE_EXECUTABLE);
            // SAFETY: the bytes above are a function without arguments that waits and returns.
            let wait: extern "C" fn() = unsafe { std::mem::transmute(code) };
            std::thread::spawn(move || wait());
            std::thread::sleep(Duration::from_millis(200));
        }
        other => panic!("no shape `{other}`"),
    }
    println!("\nshape is there");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

fn map(rights: i32, bytes: &[u8]) -> *mut u8 {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a region of its own, in which there is room for the bytes.
    unsafe {
        let region = libc::mmap(std::ptr::null_mut(), PAGE * 2, rights, flags, -1, 0).cast::<u8>();
        assert_ne!(region.cast(), libc::MAP_FAILED);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), region, bytes.len());
        region
    }
}

fn protect(region: *mut u8, rights: i32) {
    // SAFETY: a region of its own that nobody uses meanwhile.
    assert_eq!(unsafe { libc::mprotect(region.cast(), PAGE * 2, rights) }, 0);
}

fn libm() -> &'static str {
    let places = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6", "/lib64/libm.so.6"];
    places.into_iter().find(|path| Path::new(path).exists()).unwrap()
}

fn load(path: &str) {
    let path = std::ffi::CString::new(path).unwrap();
    // SAFETY: a copy of the library of mathematics, which does nothing when it is loaded.
    assert!(!unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) }.is_null());
}

/// Never called.
#[inline(never)]
extern "C" fn unused(number: u64) -> u64 {
    std::hint::black_box(number).wrapping_mul(0x9e37_79b9).rotate_left(7) ^ 0x55
}

/// Changes a byte of a function of its own that nobody calls.
fn patch() {
    let function = std::hint::black_box(unused as extern "C" fn(u64) -> u64) as usize;
    let page = (function & !(PAGE - 1)) as *mut libc::c_void;
    // SAFETY: a page of its own code, which can still be run while it is written to.
    unsafe {
        assert_eq!(libc::mprotect(page, PAGE * 2, READABLE_WRITABLE | libc::PROT_EXEC), 0);
        let byte = function as *mut u8;
        byte.write_volatile(byte.read_volatile() ^ 0x01);
        assert_eq!(libc::mprotect(page, PAGE * 2, READABLE_EXECUTABLE), 0);
    }
}

struct Shape(Child);

impl Shape {
    fn new(shape: &str) -> Shape {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "memory::shape", "--nocapture"]).env(SHAPE, shape);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "shape is there"), "{shape}");
        Shape(child)
    }

    fn findings(&self) -> Vec<Finding> {
        let publishers = Publishers::of(&Databases::default());
        Scanner::new(publishers).one(i32::try_from(self.0.id()).unwrap()).unwrap()
    }

    /// What is suspicious of it.
    fn suspects(&self) -> Vec<Finding> {
        self.findings().into_iter().filter(|finding| finding.points >= SUSPICIOUS_AT).collect()
    }
}

impl Drop for Shape {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn codes(finding: &Finding) -> Vec<&str> {
    finding.reasons.iter().map(|reason| reason.message.code.as_str()).collect()
}

/// The one suspect of a shape.
#[track_caller]
fn suspect(shape: &str) -> Finding {
    let mut suspects = Shape::new(shape).suspects();
    assert_eq!(suspects.len(), 1, "{suspects:#?}");
    suspects.remove(0)
}

#[test]
fn an_honest_program_has_nothing_in_memory() {
    assert_eq!(Shape::new("plain").findings(), []);
}

#[test]
fn memory_that_can_be_written_and_run_is_found() {
    let shape = Shape::new("written");
    let suspects = shape.suspects();
    assert_eq!(codes(&suspects[0]), ["memory.anonymous-written"]);
    assert_eq!(suspects[0].process.pid, i32::try_from(shape.0.id()).unwrap());
    assert_eq!(suspects[0].process.lineage[0].pid, i32::try_from(std::process::id()).unwrap());
    // Whoever scans it gets its bytes, and no more than wanted.
    assert_eq!(content(&suspects[0], 1).unwrap(), b"\xc3");
    assert_eq!(content(&suspects[0], 1 << 20).unwrap().len(), 2 * PAGE);
}

#[test]
fn memory_that_was_made_to_run_is_a_fact() {
    let findings = Shape::new("made").findings();
    assert_eq!(codes(&findings[0]), ["memory.anonymous"]);
    assert!(findings[0].points < SUSPICIOUS_AT, "alone it is what any maker of code does");
}

#[test]
fn a_program_in_memory_is_found() {
    let finding = suspect("image");
    assert_eq!((codes(&finding), finding.facts.begins), (vec!["memory.anonymous", "memory.image"], Begins::Image));
    assert!(finding.points >= MALICIOUS_AT);
}

#[test]
fn a_library_that_was_only_ever_in_memory_is_found() {
    let finding = suspect("memfd");
    assert_eq!(codes(&finding), ["memory.memfd"]);
    assert_eq!(finding.facts.region.origin, Origin::Memfd { name: "loaded".into() });
}

#[test]
fn a_library_that_was_deleted_is_found() {
    assert_eq!(codes(&suspect("deleted")), ["memory.deleted-open"]);
}

#[test]
fn code_that_was_changed_is_found_to_the_byte() {
    let finding = suspect("patched");
    let Code::Differs(difference) = finding.facts.code else { panic!("{finding:#?}") };
    assert_eq!((difference.pages, difference.bytes, difference.breakpoints), (1, 1, false));
    assert_eq!(codes(&finding), ["memory.code-differs"]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_thread_that_runs_there_is_found() {
    let finding = suspect("thread");
    assert_eq!(codes(&finding), ["memory.anonymous", "memory.threads"]);
}

/// Programs that do nothing, each until it is ended.
fn honest() -> Vec<Shape> {
    let lines: [(&str, &[&str]); 8] = [
        ("sleep", &["1000"]),
        ("sh", &["-c", "read x"]),
        ("perl", &["-e", "<STDIN>"]),
        ("python3", &["-c", "import re, ctypes, ssl; input()"]),
        ("node", &["-e", "let n = 0; for (let i = 0; i < 1e7; i++) n += i % 7; setInterval(() => n, 1000)"]),
        ("grep", &["-P", "a+b", "-"]),
        ("openssl", &["s_server", "-nocert", "-port", "0"]),
        ("gdb", &["-q"]),
    ];
    let mut programs = Vec::new();
    for (name, arguments) in lines {
        let mut command = Command::new(name);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => programs.push(Shape(child)),
            Err(error) => eprintln!("SKIPPED: no `{name}` here: {error}"),
        }
    }
    std::thread::sleep(Duration::from_millis(800));
    programs
}

#[test]
fn all_processes_are_looked_at_piece_by_piece_with_few_suspects() {
    let publishers = Publishers::of(&Databases::default());
    let mut scanner = Scanner::new(publishers);
    let _honest = honest();
    let budget = Budget { bytes: 4 << 20, time: Duration::from_millis(100) };
    let (mut processes, mut regions, mut bytes, mut passes, mut findings) = (0, 0, 0, 0, Vec::new());
    let (begin, mut longest) = (Instant::now(), Duration::ZERO);
    loop {
        let since = Instant::now();
        let pass = scanner.pass(budget).unwrap();
        longest = longest.max(since.elapsed());
        passes += 1;
        processes += pass.processes;
        regions += pass.regions;
        bytes += pass.bytes;
        findings.extend(pass.findings);
        if pass.complete {
            break;
        }
        assert!(passes < 10_000);
    }
    // The shapes of the other tests of this file are no false findings; they run in other processes meanwhile. A program
    // that was only ever in memory is what it is found as, whoever started it here.
    let me = std::env::current_exe().unwrap();
    findings.retain(|finding| Path::new(&finding.process.path) != me);
    let in_memory = findings.len();
    findings.retain(|finding| !finding.process.path.starts_with("/memfd:"));
    println!("{} findings are of programs that were only ever in memory", in_memory - findings.len());
    let suspects: Vec<_> = findings.iter().filter(|finding| finding.points >= SUSPICIOUS_AT).collect();
    println!(
        "{processes} processes, {regions} regions, {bytes} bytes in {passes} passes, {:?} (longest {longest:?}): \
        {} findings, {} of them suspects",
        begin.elapsed(),
        findings.len(),
        suspects.len()
    );
    for it in &findings {
        let region = &it.facts.region;
        println!("  {} {} {:?} {} {:?}", it.points, it.process.path, region.origin, region.bytes(), codes(it));
    }
    assert!(processes > 0 && regions > processes);
    assert!(suspects.len() as u64 * 10 <= processes, "too many honest programs are suspects");
}
