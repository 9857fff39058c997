//! The controls the flow chooses from, by the ids the knowledge base and the scripts use.

use model::{Host, HostExposure};

pub const BLOCK_PORT: &str = "block-port";
pub const DISABLE_SERVICE: &str = "disable-service";
pub const ISOLATE: &str = "isolate";
pub const SHIELD: &str = "shield";
pub const DETECT_OUTSIDE: &str = "detect-outside";
/// SMB over TCP 445 off (`SMBDeviceEnabled` 0): Windows 2000, XP and 2003 only.
pub const SMB_DEVICE_OFF: &str = "smb-device-off";
/// NetBIOS over TCP off (137-139), per interface.
pub const NETBIOS_OFF: &str = "netbios-off";
pub const SMB1_SERVER_OFF: &str = "smb1-server-off";
pub const WEBDAV_OFF: &str = "iis6-webdav-off";
pub const SMB2_OFF: &str = "smb2-off";
pub const PRINTERS_UNSHARED: &str = "unshare-printers";

/// True for Windows 2000, XP and 2003, whose controls differ from everything later.
pub fn is_nt5(host: &Host, exposure: &HostExposure) -> bool {
    let os = &host.facts.os;
    let by_system =
        exposure.system.as_deref().is_some_and(|id| ["2000", "xp", "2003"].iter().any(|s| id.starts_with(s)));
    by_system
        || os.version.as_deref().is_some_and(|version| version.starts_with("5."))
        || os.build.is_some_and(|build| build < 6000)
}

/// Whether a switch exists on the host's system at all; one that does not exist is never proposed.
pub fn exists_on(control: &str, host: &Host, exposure: &HostExposure) -> bool {
    let nt5 = is_nt5(host, exposure);
    match control {
        // XP and 2003 have no such switch: there the Server service or the port is what can be closed.
        SMB1_SERVER_OFF => !nt5,
        // Only IIS 6 has the web service extension list.
        WEBDAV_OFF | SMB_DEVICE_OFF => nt5,
        // SMB 2 is new in Vista, and from 7 on it is the protocol to keep.
        SMB2_OFF => exposure.system.as_deref().is_some_and(|id| id.starts_with("vista") || id.starts_with("2008-")),
        _ => true,
    }
}

/// What switching off costs nobody by default: old protocols and services that are off in a new installation.
///
/// Everything else (printing, remote desktop, file sharing) is somebody's work, so the business is asked first.
pub fn is_legacy(id: &str) -> bool {
    matches!(id, SMB1_SERVER_OFF | SMB2_OFF | WEBDAV_OFF | PRINTERS_UNSHARED | "remoteaccess" | "browser" | "scardsvr")
}

/// Services a domain controller is made of; never stopped there, nor where it is not known to be none.
pub fn is_domain_service(service: &str) -> bool {
    matches!(
        service,
        "lanmanserver"
            | "lanmanworkstation"
            | "netlogon"
            | "kdc"
            | "ntds"
            | "dns"
            | "rpcss"
            | "w32time"
            | "dfsr"
            | "ntfrs"
            | "browser"
    )
}
