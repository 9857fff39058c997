//! Which header means what, in Chinese and English.

use super::{Field, cells::Row};

/// Rows that may stand above the header: a title, a date, an empty row.
const ABOVE_MAX: usize = 20;

/// The header row: of the first rows, the one with most known headers; else the first with more than one cell.
pub fn find(rows: &[Row]) -> Option<usize> {
    let known = |row: &Row| propose(&row.cells).iter().flatten().count();
    let best =
        rows.iter().take(ABOVE_MAX).enumerate().max_by_key(|(index, row)| (known(row), std::cmp::Reverse(*index)));
    match best {
        Some((index, row)) if known(row) > 0 => Some(index),
        _ => rows.iter().take(ABOVE_MAX).position(|row| row.cells.iter().filter(|cell| !cell.is_empty()).count() > 1),
    }
}

/// The meaning of each header; a meaning is given once, to the header that says it best.
pub fn propose(columns: &[String]) -> Vec<Option<Field>> {
    let mut proposed: Vec<Option<Field>> = vec![None; columns.len()];
    for exact in [true, false] {
        for (place, column) in columns.iter().enumerate() {
            let taken = proposed.get(place).is_some_and(Option::is_some);
            let field = if taken { None } else { field(column, exact) };
            if let Some(field) = field.filter(|field| !proposed.contains(&Some(*field)))
                && let Some(slot) = proposed.get_mut(place)
            {
                *slot = Some(field);
            }
        }
    }
    proposed
}

fn field(header: &str, exact: bool) -> Option<Field> {
    let key: String = header.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    if key.is_empty() || key.chars().count() > 40 {
        return None;
    }
    let found = HEADERS.iter().find(|(_, names)| names.contains(&key.as_str()));
    if exact {
        return found.map(|(field, _)| *field);
    }
    // Longer Chinese headers contain the word: 主机名（必填）, 操作系统类型.
    HEADERS
        .iter()
        .find(|(_, names)| names.iter().any(|name| !name.is_ascii() && name.chars().count() > 1 && key.contains(name)))
        .map(|(field, _)| *field)
}

/// Letters and digits only, lower case. The more special meanings stand first.
const HEADERS: &[(Field, &[&str])] = &[
    (
        Field::NeedsPorts,
        &[
            "业务需要端口",
            "业务所需端口",
            "业务端口",
            "需要端口",
            "必需端口",
            "业务依赖端口",
            "不可关闭端口",
            "needsports",
            "businessports",
            "businessneedsport",
            "businessneedsports",
            "requiredports",
            "neededports",
            "portsneeded",
            "needsport",
        ],
    ),
    (
        Field::Alternatives,
        &[
            "可替代端口",
            "替代端口",
            "有替代方案端口",
            "可替换端口",
            "alternatives",
            "alternativeports",
            "alternative",
            "replaceableports",
        ],
    ),
    (
        Field::PatchConflict,
        &[
            "补丁冲突",
            "补丁与业务冲突",
            "补丁兼容冲突",
            "冲突补丁",
            "patchconflict",
            "patchconflicts",
            "conflictingupdates",
            "conflictingpatches",
            "conflict",
        ],
    ),
    (
        Field::WantedUpdates,
        &[
            "缺失补丁",
            "未安装补丁",
            "待安装补丁",
            "需安装补丁",
            "missingupdates",
            "missingpatches",
            "wantedupdates",
            "missingkbs",
        ],
    ),
    (
        Field::InstalledUpdates,
        &[
            "已安装补丁",
            "已装补丁",
            "补丁",
            "补丁列表",
            "补丁编号",
            "补丁信息",
            "installedupdates",
            "updates",
            "hotfixes",
            "hotfix",
            "kbs",
            "kb",
            "patches",
            "hotfixid",
        ],
    ),
    (Field::OpenPorts, &["开放端口", "已开放端口", "监听端口", "端口", "openports", "ports", "listeningports"]),
    (
        Field::ServicePack,
        &["服务包", "sp版本", "补丁包", "servicepack", "operatingsystemservicepack", "sp", "csdversion"],
    ),
    (
        Field::Version,
        &[
            "系统版本",
            "版本号",
            "操作系统版本",
            "内部版本",
            "osversion",
            "version",
            "operatingsystemversion",
            "build",
            "osbuild",
        ],
    ),
    (
        Field::Arch,
        &[
            "体系结构",
            "系统架构",
            "架构",
            "系统位数",
            "位数",
            "处理器架构",
            "arch",
            "architecture",
            "osarchitecture",
            "systemtype",
            "bits",
        ],
    ),
    (Field::Role, &["角色", "主机角色", "服务器角色", "域角色", "role", "osconfiguration", "domainrole"]),
    (
        Field::Os,
        &[
            "操作系统",
            "系统名称",
            "操作系统名称",
            "操作系统类型",
            "os",
            "operatingsystem",
            "osname",
            "oscaption",
            "caption",
            "系统",
        ],
    ),
    (Field::FullName, &["完整域名", "全限定域名", "域名全称", "fqdn", "dnshostname", "dnsname", "fullname"]),
    (Field::Domain, &["域", "所属域", "域名", "工作组", "domain", "workgroup", "domainname", "netbiosdomain"]),
    (Field::Mac, &["mac地址", "物理地址", "mac", "macaddress", "physicaladdress", "ethernetaddress"]),
    (
        Field::Address,
        &[
            "ip地址",
            "ip",
            "主机ip",
            "地址",
            "ipv4地址",
            "ipv4",
            "ipaddress",
            "ipv4address",
            "address",
            "hostip",
            "ipaddresses",
        ],
    ),
    (
        Field::Name,
        &[
            "主机名",
            "主机名称",
            "计算机名",
            "计算机名称",
            "设备名称",
            "设备名",
            "机器名",
            "资产名称",
            "终端名称",
            "hostname",
            "host",
            "name",
            "computername",
            "computer",
            "machinename",
            "cn",
            "netbiosname",
            "samaccountname",
            "devicename",
            "assetname",
            "csname",
        ],
    ),
    (
        Field::Group,
        &[
            "部门",
            "分组",
            "所属部门",
            "单位",
            "所属单位",
            "组",
            "业务系统",
            "group",
            "department",
            "team",
            "businessunit",
            "system",
        ],
    ),
    (
        Field::Zone,
        &[
            "区域",
            "安全域",
            "网络区域",
            "安全区域",
            "网段",
            "位置",
            "机房",
            "zone",
            "network",
            "segment",
            "location",
            "site",
            "networkzone",
        ],
    ),
    (
        Field::Owner,
        &[
            "负责人",
            "责任人",
            "管理员",
            "使用人",
            "联系人",
            "资产负责人",
            "owner",
            "responsible",
            "contact",
            "administrator",
            "managedby",
            "admin",
        ],
    ),
    (
        Field::Value,
        &[
            "资产价值",
            "价值",
            "重要性",
            "重要程度",
            "资产等级",
            "等级",
            "资产重要性",
            "assetvalue",
            "value",
            "criticality",
            "importance",
            "priority",
        ],
    ),
    (Field::Online, &["在线", "是否在线", "在线状态", "可在线分发", "online", "isonline", "reachable"]),
    (
        Field::Exposed,
        &[
            "互联网暴露",
            "是否暴露",
            "对外暴露",
            "外网可达",
            "公网暴露",
            "暴露",
            "exposed",
            "internetfacing",
            "internetexposed",
            "public",
        ],
    ),
    (Field::Note, &["备注", "说明", "描述", "note", "notes", "comment", "remark", "remarks", "description"]),
];
