//! The batch files run under Wine as XP, 7 and 10: what they set is really set, read back, and undone to the exact
//! prior state; where a program says nothing and exits 0, the script says it failed.
//!
//! Without Wine the test is skipped loudly, or fails when `CI` or `REDOUBT_REQUIRE_WINE` is set.
use crate::common::*;
use hardening::{Options, Purpose, scripts};
use model::*;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const LANMAN: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters";
const NETBT: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\NetBT\Parameters";
const RDP: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server";

/// A Wine prefix of its own, ended with the test.
struct Wine {
    prefix: tempfile::TempDir,
    server: PathBuf,
    /// Programs are started at the same addresses each time. Where they are thrown, one in some ten thousand lies where Wine
    /// maps what all of its programs share, and ends before it began, as if it had said no.
    same_addresses: bool,
}

impl Wine {
    /// `None` after a loud line when Wine is not on this machine and may be missing.
    fn start() -> Option<Wine> {
        let found = |name: &str| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path)
                .chain([PathBuf::from("/usr/lib/wine")])
                .flat_map(|folder| [folder.join(name), folder.join(format!("{name}64"))])
                .find(|path| path.exists())
        };
        let (Some(_), Some(server)) = (found("wine"), found("wineserver")) else {
            let required = ["CI", "REDOUBT_REQUIRE_WINE"].iter().any(|name| std::env::var_os(name).is_some());
            assert!(!required, "wine is not installed: apt-get install wine wine64");
            eprintln!("SKIPPED: no wine on this machine; apt-get install wine wine64 to run the scripts");
            return None;
        };
        // A container may forbid it.
        let same_addresses = Command::new("setarch").args(["-R", "true"]).status().is_ok_and(|status| status.success());
        let wine = Wine { prefix: tempfile::tempdir().unwrap(), server, same_addresses };
        // One server for the whole test: a server that ends and starts between two programs costs seconds, and races.
        let stays = wine.command(&wine.server.to_string_lossy()).arg("-p").status().unwrap();
        assert!(stays.success(), "wineserver -p");
        let boot = wine.command("wineboot").arg("-i").status().unwrap();
        assert!(boot.success(), "wineboot");
        Some(wine)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(if self.same_addresses { "setarch" } else { program });
        if self.same_addresses {
            command.args(["-R", program]);
        }
        command
            .env("WINEPREFIX", self.prefix.path())
            .env("WINEDEBUG", "-all")
            .env("LC_ALL", "C")
            .env("WINEDLLOVERRIDES", "mscoree=;mshtml=")
            .env_remove("DISPLAY")
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        // A file and not a pipe: Wine's services inherit it and would keep a pipe open long after the program ended.
        let path = self.prefix.path().join("stdout.txt");
        let file = std::fs::File::create(&path).unwrap();
        let status = self.command("wine").args(arguments).stdout(file).status().unwrap();
        (status.code().unwrap_or(-1), String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned())
    }

    fn mode(&self, version: &str) {
        assert_eq!(self.run(&["winecfg", "-v", version]).0, 0, "winecfg -v {version}");
    }

    fn set(&self, key: &str, name: &str, kind: &str, data: &str) {
        let (code, _) = self.run(&["reg", "add", key, "/v", name, "/t", kind, "/d", data, "/f"]);
        assert_eq!(code, 0, "reg add {key} {name}");
    }

    fn key(&self, key: &str) {
        assert_eq!(self.run(&["reg", "add", key, "/f"]).0, 0, "reg add {key}");
    }

    /// `REG_DWORD 0x0`, or `absent`.
    fn get(&self, key: &str, name: &str) -> String {
        let ask = || self.run(&["reg", "query", key, "/v", name]);
        let says = |(code, text): &(i32, String)| *code == 0 || text.contains("Unable to find");
        // A program that could not be started ends with 1 as well, and says nothing.
        let mut told = ask();
        for _ in 0..3 {
            told = if says(&told) { told } else { ask() };
        }
        let (code, text) = told;
        if code == 1 && text.contains("Unable to find") {
            return "absent".to_owned();
        }
        assert_eq!(code, 0, "reg query {key} {name}: {text}");
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    }

    /// The keys scripts touch, as `reg export` writes them.
    fn export(&self) -> String {
        let mut all = String::new();
        for key in [
            r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services",
            r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server",
            r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies",
        ] {
            let file = self.prefix.path().join("export.reg");
            let _ = std::fs::remove_file(&file);
            self.run(&["reg", "export", key, &format!("Z:{}", file.display()).replace('/', "\\"), "/y"]);
            let bytes = std::fs::read(&file).unwrap_or_default();
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            all.push_str(&String::from_utf16_lossy(&units));
        }
        all
    }

    /// Runs a plan's script and gives its exit code, what it printed, and its result file.
    fn script(&self, folder: &Path, arguments: &[&str]) -> Run {
        let script = std::fs::read_dir(folder)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .find(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                name.ends_with(".cmd") && !name.ends_with("-verify.cmd") && !name.ends_with("-undo.cmd")
            })
            .unwrap();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("redoubt-result-") {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        let windows = format!("Z:{}", script.display()).replace('/', "\\");
        let mut all = vec!["cmd", "/c", &windows];
        all.extend(arguments);
        let (code, printed) = self.run(&all);
        let result = std::fs::read_dir(folder)
            .unwrap()
            .flatten()
            .find(|entry| entry.file_name().to_string_lossy().starts_with("redoubt-result-"))
            .map(|entry| std::fs::read(entry.path()).unwrap())
            .unwrap_or_default();
        Run { code, printed, result }
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        let _ = self.command(&self.server.to_string_lossy()).arg("-k").status();
    }
}

struct Run {
    code: i32,
    printed: String,
    result: Vec<u8>,
}

impl Run {
    fn lines(&self) -> Vec<String> {
        String::from_utf8_lossy(&self.result).lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn says(&self, line: &str) {
        let lines = self.lines();
        assert!(lines.iter().any(|have| have == line), "no `{line}` in {lines:#?}\n{}", self.printed);
    }

    #[track_caller]
    fn exits(&self, code: i32) -> &Run {
        assert_eq!(self.code, code, "{}\n{:#?}", self.printed, self.lines());
        self
    }
}

fn files(host: &Host, plan: &HostPlan) -> tempfile::TempDir {
    files_with(host, plan, &Options::default())
}

fn files_with(host: &Host, plan: &HostPlan, options: &Options) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in scripts(host, plan, options) {
        if matches!(file.purpose, Purpose::Harden | Purpose::Verify | Purpose::Undo) {
            std::fs::write(folder.path().join(&file.name), &file.bytes).unwrap();
        }
    }
    folder
}

/// The registry is exactly as it was.
#[track_caller]
fn same(before: &str, after: &str) {
    let gone: Vec<_> = before.lines().filter(|line| !after.contains(line)).collect();
    let new: Vec<_> = after.lines().filter(|line| !before.contains(line)).collect();
    assert!(before == after, "the registry is not what it was: gone {gone:#?}, new {new:#?}");
}

fn computer(wine: &Wine) -> String {
    wine.run(&["cmd", "/c", "echo %COMPUTERNAME%"]).1.trim().to_owned()
}

/// One test, because a prefix takes longer to make than all of it takes to run.
#[test]
fn scripts_do_read_back_and_undo_under_wine() {
    let Some(wine) = Wine::start() else { return };
    let name = computer(&wine);
    for interface in ["Tcpip_{00000000-0000-0000-0000-000000000001}", "Tcpip_{00000000-0000-0000-0000-000000000002}"] {
        wine.key(&format!(r"{NETBT}\Interfaces\{interface}"));
    }
    wine.set(
        &format!(r"{NETBT}\Interfaces\Tcpip_{{00000000-0000-0000-0000-000000000001}}"),
        "NetbiosOptions",
        "REG_DWORD",
        "1",
    );
    wine.key(LANMAN);
    wine.key(&format!(r"{RDP}\WinStations\RDP-Tcp"));
    wine.set(RDP, "fDenyTSConnections", "REG_DWORD", "0");
    wine.key(r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows");

    xp(&wine, &name);
    seven(&wine, &name);
    ten(&wine, &name);
    silent_programs_fail(&wine, &name);
    refusals(&wine, &name);
}

fn xp(wine: &Wine, name: &str) {
    wine.mode("winxp64");
    let host = host(name, "5.2.3790", Role::StandaloneWorkstation);
    let actions = vec![control("smb-over-tcp-off"), control("netbios-off"), control("rdp-deny")];
    let folder = files(&host, &plan("xp-1", &host, actions));
    let before = wine.export();

    let run = wine.script(folder.path(), &["set"]);
    run.exits(10).says("result=pending-reboot");
    run.says("step.1=ok");
    run.says("op.2-1.note=interfaces-2");
    assert_eq!(wine.get(NETBT, "SMBDeviceEnabled"), "REG_DWORD 0x0");
    assert_eq!(wine.get(RDP, "fDenyTSConnections"), "REG_DWORD 0x1");

    // The second run finds everything done: nothing to restart for, and the saved state is still the first one.
    wine.script(folder.path(), &["set"]).exits(0).says("result=done");
    wine.script(folder.path(), &["verify"]).exits(0).says("result=verified");

    // Somebody changes a value: verify sees it.
    wine.set(NETBT, "SMBDeviceEnabled", "REG_DWORD", "1");
    let run = wine.script(folder.path(), &["verify"]);
    run.exits(1).says("step.1=failed");
    run.says("step.3=ok");

    wine.script(folder.path(), &["undo"]).says("step.1=ok");
    assert_eq!(wine.get(NETBT, "SMBDeviceEnabled"), "absent");
    assert_eq!(wine.get(RDP, "fDenyTSConnections"), "REG_DWORD 0x0");
    same(&before, &wine.export());
    wine.script(folder.path(), &["undo"]).exits(0).says("op.1-1.note=nothing-saved");
}

fn seven(wine: &Wine, name: &str) {
    wine.mode("win7");
    let services = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services";
    wine.set(
        &format!(r"{services}\LanmanWorkstation"),
        "DependOnService",
        "REG_MULTI_SZ",
        r"Bowser\0MRxSmb10\0MRxSmb20\0NSI",
    );
    wine.set(&format!(r"{services}\Spooler"), "Start", "REG_DWORD", "3");
    let host = host(name, "6.1.7601", Role::MemberWorkstation);
    let actions = vec![control("disable-smb1"), control("rdp-nla"), disable(&["Spooler"]), control("smb1-client-off")];
    let folder = files(&host, &plan("seven-1", &host, actions));
    let before = wine.export();

    let run = wine.script(folder.path(), &["set"]);
    run.exits(10).says("step.3=ok");
    run.says("op.4-3.note=service-absent");
    assert_eq!(wine.get(LANMAN, "SMB1"), "REG_DWORD 0x0");
    assert_eq!(wine.get(&format!(r"{RDP}\WinStations\RDP-Tcp"), "UserAuthentication"), "REG_DWORD 0x1");
    assert_eq!(wine.get(&format!(r"{services}\Spooler"), "Start"), "REG_DWORD 0x4");
    assert_eq!(
        wine.get(&format!(r"{services}\LanmanWorkstation"), "DependOnService"),
        r"REG_MULTI_SZ Bowser\0MRxSmb20\0NSI"
    );
    let run = wine.script(folder.path(), &["verify"]);
    let result = hardening::read_result(&run.exits(0).result).unwrap();
    assert!(result.verified() && result.is_of(&"seven-1".into()), "{result:#?}");
    wine.script(folder.path(), &["undo"]).exits(10);
    same(&before, &wine.export());
}

fn ten(wine: &Wine, name: &str) {
    wine.mode("win10");
    let host = host(name, "10.0.18362", Role::MemberWorkstation);
    let actions = vec![control("netbios-off"), control("rdp-nla"), control("allow-list")];
    let folder = files(&host, &plan("ten-1", &host, actions));
    let before = wine.export();
    wine.script(folder.path(), &["set"]).exits(0).says("system=10.0.18362");
    let safer = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\Safer\CodeIdentifiers";
    assert_eq!(wine.get(safer, "DefaultLevel"), "REG_DWORD 0x0");
    wine.script(folder.path(), &["verify"]).exits(0).says("op.1-2=ok");
    wine.script(folder.path(), &["rollback"]).exits(0).says("result=rolled-back");
    assert_ne!(wine.export(), before, "nothing here was temporary");
    wine.script(folder.path(), &["undo"]).exits(0);
    same(&before, &wine.export());
}

/// Wine's `netsh` and `findstr` exit 0 and print nothing, its `wmic` knows no updates.
fn silent_programs_fail(wine: &Wine, name: &str) {
    wine.mode("win7");
    let host = host(name, "6.1.7601", Role::MemberWorkstation);
    let actions = vec![block(&["tcp/445"]), patch(ActionKind::KeyPatch, &[4012212, 4012215], true)];
    let folder = files(&host, &plan("silent-1", &host, actions));
    let run = wine.script(folder.path(), &["verify"]);
    run.exits(1).says("step.1=failed");
    run.says("op.1-4.why=read-back-empty");
    run.says("step.2=failed");
    run.says("op.2-1.why=read-back-empty");
    // No package beside the script: said so, and the steps after it are not begun.
    let run = wine.script(folder.path(), &["set"]);
    run.exits(1).says("op.2-1.why=package-not-found");
    wine.script(folder.path(), &["undo"]);

    // A package whose hash is known and cannot be confirmed is never started.
    let options = Options { packages: [(KbId(4012212), "ab".repeat(32))].into() };
    let key_patch = plan("hash-1", &host, vec![patch(ActionKind::KeyPatch, &[4012212], true)]);
    let folder = files_with(&host, &key_patch, &options);
    std::fs::write(folder.path().join("windows6.1-kb4012212-x64.msu"), "not the package").unwrap();
    let run = wine.script(folder.path(), &["set"]);
    run.exits(1).says("step.1=failed");
    let lines = run.lines();
    assert!(lines.iter().any(|line| line.starts_with("op.1-1.why=hash-")), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("installer-exit")), "{lines:#?}");
}

fn refusals(wine: &Wine, name: &str) {
    wine.mode("win10");
    let check = |host: &Host, arguments: &[&str], code: i32, refusal: &str| {
        let folder = files(host, &plan("refusal-1", host, vec![control("disable-smb1"), control("rdp-nla")]));
        let before = wine.export();
        wine.script(folder.path(), arguments).exits(code).says(&format!("refusal={refusal}"));
        same(&before, &wine.export());
    };
    check(&host(name, "6.1.7601", Role::MemberWorkstation), &["set"], 3, "wrong-system");
    wine.mode("win7");
    check(&host(name, "10.0.18362", Role::MemberWorkstation), &["set"], 3, "wrong-system");
    check(&host(name, "6.1.7601", Role::MemberServer), &["set"], 4, "wrong-role");
    check(&host("OTHER", "6.1.7601", Role::MemberWorkstation), &["set"], 5, "wrong-computer");
    check(&host("财务-1&calc", "6.1.7601", Role::MemberWorkstation), &["set"], 5, "wrong-computer");

    let other = host("OTHER", "6.1.7601", Role::MemberWorkstation);
    let folder = files(&other, &plan("anyhost-1", &other, vec![control("rdp-nla")]));
    wine.script(folder.path(), &["set", "/anyhost"]).exits(0);
    wine.script(folder.path(), &["undo", "/anyhost"]).exits(0);
    wine.script(folder.path(), &[]).exits(2);

    // A server of unknown role that turns out to be a domain controller is left alone.
    let mut server = host(name, "6.1.7601", Role::MemberServer);
    server.facts.os.role = None;
    let folder = files(&server, &plan("dc-1", &server, vec![block(&["tcp/445"])]));
    let options = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions";
    wine.set(options, "ProductType", "REG_SZ", "LanmanNT");
    wine.script(folder.path(), &["set"]).exits(4).says("refusal=wrong-role");
    wine.set(options, "ProductType", "REG_SZ", "WinNT");
}
