//! The controls the flow chooses from, by their ids in `data/controls`.

use model::{Host, HostExposure};

pub const BLOCK_PORT: &str = "block-port";
pub const DISABLE_SERVICE: &str = "disable-service";
pub const ISOLATE: &str = "isolate";
pub const SHIELD: &str = "shield";
pub const DETECT_OUTSIDE: &str = "detect-outside";
/// SMB over TCP 445 off (`SMBDeviceEnabled` 0): Windows 2000, XP and 2003 only.
pub const SMB_OVER_TCP_OFF: &str = "smb-over-tcp-off";
/// NetBIOS over TCP off (137-139), per interface.
pub const NETBIOS_OFF: &str = "netbios-off";
pub const SMB1_OFF: &str = "disable-smb1";
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
        SMB1_OFF => !nt5 && (exposure.system.is_some() || host.facts.os.version.is_some()),
        // Only IIS 6 has the web service extension list.
        WEBDAV_OFF | SMB_OVER_TCP_OFF => nt5,
        // SMB 2 is new in Vista, and from 7 on it is the protocol to keep.
        SMB2_OFF => exposure.system.as_deref().is_some_and(|id| id.starts_with("vista") || id.starts_with("2008-")),
        _ => true,
    }
}

/// What switching off costs nobody by default: old protocols and services that are off in a new installation.
///
/// Everything else (printing, smart cards, SMB 2) is somebody's work, so the business is asked first.
pub fn is_legacy(id: &str) -> bool {
    matches!(id, SMB1_OFF | WEBDAV_OFF | "remoteaccess" | "browser")
}

/// A service whose end is the end of its port: stopping it is blocking the port by another name.
pub fn owns_its_port(service: &str) -> bool {
    matches!(service, "lanmanserver" | "termservice" | "w3svc")
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

/// What a person calls the thing a control or a service id stands for; the same in every language.
pub fn name(id: &str) -> &str {
    match id {
        SMB1_OFF => "SMB1",
        SMB2_OFF => "SMB2",
        WEBDAV_OFF => "WebDAV",
        NETBIOS_OFF => "NetBIOS over TCP",
        SMB_OVER_TCP_OFF => "SMB over TCP",
        PRINTERS_UNSHARED => "printer sharing",
        other => other,
    }
}
