//! Well-known interfaces and their operations, from the Microsoft Open Specifications ([MS-SRVS], [MS-SCMR], [MS-RPRN] and
//! so on) and C706. Sorted by UUID.

pub struct Interface {
    uuid: [u8; 16],
    pub name: &'static str,
    operations: &'static [(u16, &'static str)],
}

impl Interface {
    pub fn operation(&self, number: u16) -> Option<&'static str> {
        let at = self.operations.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.operations.get(at).map(|(_, name)| *name)
    }
}

/// The interface with this UUID, in the order people write it.
pub fn interface(uuid: &[u8; 16]) -> Option<&'static Interface> {
    let at = INTERFACES.binary_search_by(|interface| interface.uuid.cmp(uuid)).ok()?;
    INTERFACES.get(at)
}

#[rustfmt::skip]
const INTERFACES: &[Interface] = &[
    Interface {
        uuid: [0x00, 0x00, 0x01, 0x31, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46],
        name: "IRemUnknown",
        operations: &[
            (3, "RemQueryInterface"), (4, "RemAddRef"), (5, "RemRelease"), (6, "RemQueryInterface2"),
        ],
    },
    Interface {
        uuid: [0x00, 0x00, 0x01, 0x43, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46],
        name: "IRemUnknown2",
        operations: &[
            (3, "RemQueryInterface"), (4, "RemAddRef"), (5, "RemRelease"), (6, "RemQueryInterface2"),
        ],
    },
    Interface {
        uuid: [0x00, 0x00, 0x01, 0xa0, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46],
        name: "ISystemActivator",
        operations: &[
            (3, "RemoteGetClassObject"), (4, "RemoteCreateInstance"),
        ],
    },
    Interface {
        uuid: [0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0xab, 0xcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab],
        name: "spoolss",
        operations: &[
            (0, "RpcEnumPrinters"), (1, "RpcOpenPrinter"), (2, "RpcSetJob"), (3, "RpcGetJob"), (4, "RpcEnumJobs"),
            (5, "RpcAddPrinter"), (6, "RpcDeletePrinter"), (7, "RpcSetPrinter"), (8, "RpcGetPrinter"),
            (9, "RpcAddPrinterDriver"), (10, "RpcEnumPrinterDrivers"), (11, "RpcGetPrinterDriver"),
            (12, "RpcGetPrinterDriverDirectory"), (13, "RpcDeletePrinterDriver"), (14, "RpcAddPrintProcessor"),
            (15, "RpcEnumPrintProcessors"), (16, "RpcGetPrintProcessorDirectory"), (17, "RpcStartDocPrinter"),
            (18, "RpcStartPagePrinter"), (19, "RpcWritePrinter"), (20, "RpcEndPagePrinter"), (21, "RpcAbortPrinter"),
            (22, "RpcReadPrinter"), (23, "RpcEndDocPrinter"), (24, "RpcAddJob"), (25, "RpcScheduleJob"),
            (26, "RpcGetPrinterData"), (27, "RpcSetPrinterData"), (28, "RpcWaitForPrinterChange"),
            (29, "RpcClosePrinter"), (30, "RpcAddForm"), (31, "RpcDeleteForm"), (32, "RpcGetForm"),
            (33, "RpcSetForm"), (34, "RpcEnumForms"), (35, "RpcEnumPorts"), (36, "RpcEnumMonitors"),
            (39, "RpcDeletePort"), (40, "RpcCreatePrinterIC"), (41, "RpcPlayGdiScriptOnPrinterIC"),
            (42, "RpcDeletePrinterIC"), (46, "RpcAddMonitor"), (47, "RpcDeleteMonitor"),
            (48, "RpcDeletePrintProcessor"), (51, "RpcEnumPrintProcessorDatatypes"), (52, "RpcResetPrinter"),
            (53, "RpcGetPrinterDriver2"), (56, "RpcFindClosePrinterChangeNotification"), (58, "RpcReplyOpenPrinter"),
            (59, "RpcRouterReplyPrinter"), (60, "RpcReplyClosePrinter"), (61, "RpcAddPortEx"),
            (62, "RpcRemoteFindFirstPrinterChangeNotification"),
            (65, "RpcRemoteFindFirstPrinterChangeNotificationEx"), (66, "RpcRouterReplyPrinterEx"),
            (67, "RpcRouterRefreshPrinterChangeNotification"), (69, "RpcOpenPrinterEx"), (70, "RpcAddPrinterEx"),
            (71, "RpcSetPort"), (72, "RpcEnumPrinterData"), (73, "RpcDeletePrinterData"), (77, "RpcSetPrinterDataEx"),
            (78, "RpcGetPrinterDataEx"), (79, "RpcEnumPrinterDataEx"), (80, "RpcEnumPrinterKey"),
            (81, "RpcDeletePrinterDataEx"), (82, "RpcDeletePrinterKey"), (84, "RpcDeletePrinterDriverEx"),
            (85, "RpcAddPerMachineConnection"), (86, "RpcDeletePerMachineConnection"),
            (87, "RpcEnumPerMachineConnections"), (88, "RpcXcvData"), (89, "RpcAddPrinterDriverEx"),
            (102, "RpcGetCorePrinterDrivers"), (104, "RpcGetPrinterDriverPackagePath"),
            (110, "RpcGetJobNamedPropertyValue"), (116, "RpcLogJobInfoForBranchOffice"),
        ],
    },
    Interface {
        uuid: [0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0xab, 0xcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0xcf, 0xfb],
        name: "netlogon",
        operations: &[
            (0, "NetrLogonUasLogon"), (1, "NetrLogonUasLogoff"), (2, "NetrLogonSamLogon"), (3, "NetrLogonSamLogoff"),
            (4, "NetrServerReqChallenge"), (5, "NetrServerAuthenticate"), (6, "NetrServerPasswordSet"),
            (7, "NetrDatabaseDeltas"), (8, "NetrDatabaseSync"), (11, "NetrGetDCName"), (12, "NetrLogonControl"),
            (13, "NetrGetAnyDCName"), (14, "NetrLogonControl2"), (15, "NetrServerAuthenticate2"),
            (16, "NetrDatabaseSync2"), (17, "NetrDatabaseRedo"), (18, "NetrLogonControl2Ex"),
            (19, "NetrEnumerateTrustedDomains"), (20, "DsrGetDcName"), (21, "NetrLogonGetCapabilities"),
            (22, "NetrLogonSetServiceBits"), (23, "NetrLogonGetTrustRid"), (24, "NetrLogonComputeServerDigest"),
            (25, "NetrLogonComputeClientDigest"), (26, "NetrServerAuthenticate3"), (27, "DsrGetDcNameEx"),
            (28, "DsrGetSiteName"), (29, "NetrLogonGetDomainInfo"), (30, "NetrServerPasswordSet2"),
            (31, "NetrServerPasswordGet"), (32, "NetrLogonSendToSam"), (33, "DsrAddressToSiteNamesW"),
            (34, "DsrGetDcNameEx2"), (35, "NetrLogonGetTimeServiceParentDomain"),
            (36, "NetrEnumerateTrustedDomainsEx"), (37, "DsrAddressToSiteNamesExW"), (38, "DsrGetDcSiteCoverageW"),
            (39, "NetrLogonSamLogonEx"), (40, "DsrEnumerateDomainTrusts"), (41, "DsrDeregisterDnsHostRecords"),
            (42, "NetrServerTrustPasswordsGet"), (43, "DsrGetForestTrustInformation"),
            (44, "NetrGetForestTrustInformation"), (45, "NetrLogonSamLogonWithFlags"), (46, "NetrServerGetTrustInfo"),
            (48, "DSRUpdateReadOnlyServerDnsRecords"),
        ],
    },
    Interface {
        uuid: [0x12, 0x34, 0x57, 0x78, 0x12, 0x34, 0xab, 0xcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab],
        name: "lsarpc",
        operations: &[
            (0, "LsarClose"), (2, "LsarEnumeratePrivileges"), (3, "LsarQuerySecurityObject"),
            (4, "LsarSetSecurityObject"), (6, "LsarOpenPolicy"), (7, "LsarQueryInformationPolicy"),
            (8, "LsarSetInformationPolicy"), (10, "LsarCreateAccount"), (11, "LsarEnumerateAccounts"),
            (13, "LsarEnumerateTrustedDomains"), (14, "LsarLookupNames"), (15, "LsarLookupSids"),
            (16, "LsarCreateSecret"), (17, "LsarOpenAccount"), (18, "LsarEnumeratePrivilegesAccount"),
            (19, "LsarAddPrivilegesToAccount"), (20, "LsarRemovePrivilegesFromAccount"),
            (23, "LsarGetSystemAccessAccount"), (24, "LsarSetSystemAccessAccount"), (28, "LsarOpenSecret"),
            (29, "LsarSetSecret"), (30, "LsarQuerySecret"), (31, "LsarLookupPrivilegeValue"),
            (32, "LsarLookupPrivilegeName"), (33, "LsarLookupPrivilegeDisplayName"), (34, "LsarDeleteObject"),
            (35, "LsarEnumerateAccountsWithUserRight"), (36, "LsarEnumerateAccountRights"),
            (37, "LsarAddAccountRights"), (38, "LsarRemoveAccountRights"), (42, "LsarStorePrivateData"),
            (43, "LsarRetrievePrivateData"), (44, "LsarOpenPolicy2"), (45, "LsarGetUserName"),
            (46, "LsarQueryInformationPolicy2"), (47, "LsarSetInformationPolicy2"),
            (50, "LsarEnumerateTrustedDomainsEx"), (53, "LsarQueryDomainInformationPolicy"), (57, "LsarLookupSids2"),
            (58, "LsarLookupNames2"), (68, "LsarLookupNames3"), (73, "LsarQueryForestTrustInformation"),
            (76, "LsarLookupSids3"), (77, "LsarLookupNames4"),
        ],
    },
    Interface {
        uuid: [0x12, 0x34, 0x57, 0x78, 0x12, 0x34, 0xab, 0xcd, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xac],
        name: "samr",
        operations: &[
            (0, "SamrConnect"), (1, "SamrCloseHandle"), (2, "SamrSetSecurityObject"), (3, "SamrQuerySecurityObject"),
            (5, "SamrLookupDomainInSamServer"), (6, "SamrEnumerateDomainsInSamServer"), (7, "SamrOpenDomain"),
            (8, "SamrQueryInformationDomain"), (9, "SamrSetInformationDomain"), (10, "SamrCreateGroupInDomain"),
            (11, "SamrEnumerateGroupsInDomain"), (12, "SamrCreateUserInDomain"), (13, "SamrEnumerateUsersInDomain"),
            (14, "SamrCreateAliasInDomain"), (15, "SamrEnumerateAliasesInDomain"), (16, "SamrGetAliasMembership"),
            (17, "SamrLookupNamesInDomain"), (18, "SamrLookupIdsInDomain"), (19, "SamrOpenGroup"),
            (20, "SamrQueryInformationGroup"), (21, "SamrSetInformationGroup"), (22, "SamrAddMemberToGroup"),
            (23, "SamrDeleteGroup"), (24, "SamrRemoveMemberFromGroup"), (25, "SamrGetMembersInGroup"),
            (26, "SamrSetMemberAttributesOfGroup"), (27, "SamrOpenAlias"), (28, "SamrQueryInformationAlias"),
            (29, "SamrSetInformationAlias"), (30, "SamrDeleteAlias"), (31, "SamrAddMemberToAlias"),
            (32, "SamrRemoveMemberFromAlias"), (33, "SamrGetMembersInAlias"), (34, "SamrOpenUser"),
            (35, "SamrDeleteUser"), (36, "SamrQueryInformationUser"), (37, "SamrSetInformationUser"),
            (38, "SamrChangePasswordUser"), (39, "SamrGetGroupsForUser"), (40, "SamrQueryDisplayInformation"),
            (41, "SamrGetDisplayEnumerationIndex"), (44, "SamrGetUserDomainPasswordInformation"),
            (45, "SamrRemoveMemberFromForeignDomain"), (46, "SamrQueryInformationDomain2"),
            (47, "SamrQueryInformationUser2"), (48, "SamrQueryDisplayInformation2"),
            (49, "SamrGetDisplayEnumerationIndex2"), (50, "SamrCreateUser2InDomain"),
            (51, "SamrQueryDisplayInformation3"), (52, "SamrAddMultipleMembersToAlias"),
            (53, "SamrRemoveMultipleMembersFromAlias"), (54, "SamrOemChangePasswordUser2"),
            (55, "SamrUnicodeChangePasswordUser2"), (56, "SamrGetDomainPasswordInformation"), (57, "SamrConnect2"),
            (58, "SamrSetInformationUser2"), (62, "SamrConnect4"), (64, "SamrConnect5"), (65, "SamrRidToSid"),
            (66, "SamrSetDSRMPassword"), (67, "SamrValidatePassword"),
        ],
    },
    Interface {
        uuid: [0x15, 0x44, 0xf5, 0xe0, 0x61, 0x3c, 0x11, 0xd1, 0x93, 0xdf, 0x00, 0xc0, 0x4f, 0xd7, 0xbd, 0x09],
        name: "rfr",
        operations: &[
            (0, "RfrGetNewDSA"), (1, "RfrGetFQDNFromServerDN"),
        ],
    },
    Interface {
        uuid: [0x17, 0xfd, 0xd7, 0x03, 0x18, 0x27, 0x4e, 0x34, 0x79, 0xd4, 0x24, 0xa5, 0x5c, 0x53, 0xbb, 0x37],
        name: "messenger",
        operations: &[
            (0, "NetrMessageNameAdd"), (1, "NetrMessageNameEnum"), (2, "NetrMessageNameGetInfo"),
            (3, "NetrMessageNameDel"),
        ],
    },
    Interface {
        uuid: [0x1f, 0xf7, 0x06, 0x82, 0x0a, 0x51, 0x30, 0xe8, 0x07, 0x6d, 0x74, 0x0b, 0xe8, 0xce, 0xe9, 0x8b],
        name: "atsvc",
        operations: &[
            (0, "NetrJobAdd"), (1, "NetrJobDel"), (2, "NetrJobEnum"), (3, "NetrJobGetInfo"),
        ],
    },
    Interface {
        uuid: [0x20, 0x61, 0x00, 0x36, 0xfa, 0x22, 0x11, 0xcf, 0x98, 0x23, 0x00, 0xa0, 0xc9, 0x11, 0xe5, 0xdf],
        name: "rasrpc",
        operations: &[
            (5, "RasRpcDeleteEntry"), (9, "RasRpcGetUserPreferences"), (10, "RasRpcSetUserPreferences"),
            (11, "RasRpcGetSystemDirectory"), (12, "RasRpcSubmitRequest"), (14, "RasRpcGetInstalledProtocolsEx"),
            (15, "RasRpcGetVersion"),
        ],
    },
    Interface {
        uuid: [0x30, 0x0f, 0x35, 0x32, 0x38, 0xcc, 0x11, 0xd0, 0xa3, 0xf0, 0x00, 0x20, 0xaf, 0x6b, 0x0a, 0xdd],
        name: "trkwks",
        operations: &[
            (12, "LnkSearchMachine"),
        ],
    },
    Interface {
        uuid: [0x33, 0x8c, 0xd0, 0x01, 0x22, 0x44, 0x31, 0xf1, 0xaa, 0xaa, 0x90, 0x00, 0x38, 0x00, 0x10, 0x03],
        name: "winreg",
        operations: &[
            (0, "OpenClassesRoot"), (1, "OpenCurrentUser"), (2, "OpenLocalMachine"), (3, "OpenPerformanceData"),
            (4, "OpenUsers"), (5, "BaseRegCloseKey"), (6, "BaseRegCreateKey"), (7, "BaseRegDeleteKey"),
            (8, "BaseRegDeleteValue"), (9, "BaseRegEnumKey"), (10, "BaseRegEnumValue"), (11, "BaseRegFlushKey"),
            (12, "BaseRegGetKeySecurity"), (13, "BaseRegLoadKey"), (15, "BaseRegOpenKey"),
            (16, "BaseRegQueryInfoKey"), (17, "BaseRegQueryValue"), (18, "BaseRegReplaceKey"),
            (19, "BaseRegRestoreKey"), (20, "BaseRegSaveKey"), (21, "BaseRegSetKeySecurity"), (22, "BaseRegSetValue"),
            (23, "BaseRegUnLoadKey"), (26, "BaseRegGetVersion"), (27, "OpenCurrentConfig"),
            (29, "BaseRegQueryMultipleValues"), (31, "BaseRegSaveKeyEx"), (32, "OpenPerformanceText"),
            (33, "OpenPerformanceNlsText"), (34, "BaseRegQueryMultipleValues2"), (35, "BaseRegDeleteKeyEx"),
        ],
    },
    Interface {
        uuid: [0x36, 0x7a, 0xbb, 0x81, 0x98, 0x44, 0x35, 0xf1, 0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10, 0x03],
        name: "svcctl",
        operations: &[
            (0, "RCloseServiceHandle"), (1, "RControlService"), (2, "RDeleteService"), (3, "RLockServiceDatabase"),
            (4, "RQueryServiceObjectSecurity"), (5, "RSetServiceObjectSecurity"), (6, "RQueryServiceStatus"),
            (7, "RSetServiceStatus"), (8, "RUnlockServiceDatabase"), (9, "RNotifyBootConfigStatus"),
            (11, "RChangeServiceConfigW"), (12, "RCreateServiceW"), (13, "REnumDependentServicesW"),
            (14, "REnumServicesStatusW"), (15, "ROpenSCManagerW"), (16, "ROpenServiceW"),
            (17, "RQueryServiceConfigW"), (18, "RQueryServiceLockStatusW"), (19, "RStartServiceW"),
            (20, "RGetServiceDisplayNameW"), (21, "RGetServiceKeyNameW"), (23, "RChangeServiceConfigA"),
            (24, "RCreateServiceA"), (25, "REnumDependentServicesA"), (26, "REnumServicesStatusA"),
            (27, "ROpenSCManagerA"), (28, "ROpenServiceA"), (29, "RQueryServiceConfigA"),
            (30, "RQueryServiceLockStatusA"), (31, "RStartServiceA"), (32, "RGetServiceDisplayNameA"),
            (33, "RGetServiceKeyNameA"), (35, "REnumServiceGroupW"), (36, "RChangeServiceConfig2A"),
            (37, "RChangeServiceConfig2W"), (38, "RQueryServiceConfig2A"), (39, "RQueryServiceConfig2W"),
            (40, "RQueryServiceStatusEx"), (41, "REnumServicesStatusExA"), (42, "REnumServicesStatusExW"),
            (44, "RCreateServiceWOW64A"), (45, "RCreateServiceWOW64W"), (47, "RNotifyServiceStatusChange"),
            (48, "RGetNotifyResults"), (49, "RCloseNotifyHandle"), (50, "RControlServiceExA"),
            (51, "RControlServiceExW"), (56, "RQueryServiceConfigEx"), (60, "RCreateWowService"),
            (64, "ROpenSCManager2"),
        ],
    },
    Interface {
        uuid: [0x37, 0x8e, 0x52, 0xb0, 0xc0, 0xa9, 0x11, 0xcf, 0x82, 0x2d, 0x00, 0xaa, 0x00, 0x51, 0xe4, 0x0f],
        name: "sasec",
        operations: &[
            (0, "SASetAccountInformation"), (1, "SASetNSAccountInformation"), (2, "SAGetNSAccountInformation"),
            (3, "SAGetAccountInformation"),
        ],
    },
    Interface {
        uuid: [0x39, 0x19, 0x28, 0x6a, 0xb1, 0x0c, 0x11, 0xd0, 0x9b, 0xa8, 0x00, 0xc0, 0x4f, 0xd9, 0x2e, 0xf5],
        name: "dssetup",
        operations: &[
            (0, "DsRolerGetPrimaryDomainInformation"), (1, "DsRolerDnsNameToFlatName"),
            (9, "DsRolerGetDcOperationResults"),
        ],
    },
    Interface {
        uuid: [0x3d, 0xde, 0x7c, 0x30, 0x16, 0x5d, 0x11, 0xd1, 0xab, 0x8f, 0x00, 0x80, 0x5f, 0x14, 0xdb, 0x40],
        name: "BackupKey",
        operations: &[
            (0, "BackuprKey"),
        ],
    },
    Interface {
        uuid: [0x48, 0x48, 0x09, 0xd6, 0x42, 0x39, 0x47, 0x1b, 0xb5, 0xbc, 0x61, 0xdf, 0x8c, 0x23, 0xac, 0x48],
        name: "TermSrvSession",
        operations: &[],
    },
    Interface {
        uuid: [0x4b, 0x32, 0x4f, 0xc8, 0x16, 0x70, 0x01, 0xd3, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88],
        name: "srvsvc",
        operations: &[
            (8, "NetrConnectionEnum"), (9, "NetrFileEnum"), (10, "NetrFileGetInfo"), (11, "NetrFileClose"),
            (12, "NetrSessionEnum"), (13, "NetrSessionDel"), (14, "NetrShareAdd"), (15, "NetrShareEnum"),
            (16, "NetrShareGetInfo"), (17, "NetrShareSetInfo"), (18, "NetrShareDel"), (19, "NetrShareDelSticky"),
            (20, "NetrShareCheck"), (21, "NetrServerGetInfo"), (22, "NetrServerSetInfo"), (23, "NetrServerDiskEnum"),
            (24, "NetrServerStatisticsGet"), (25, "NetrServerTransportAdd"), (26, "NetrServerTransportEnum"),
            (27, "NetrServerTransportDel"), (28, "NetrRemoteTOD"), (30, "NetprPathType"),
            (31, "NetprPathCanonicalize"), (32, "NetprPathCompare"), (33, "NetprNameValidate"),
            (34, "NetprNameCanonicalize"), (35, "NetprNameCompare"), (36, "NetrShareEnumSticky"),
            (37, "NetrShareDelStart"), (38, "NetrShareDelCommit"), (39, "NetrpGetFileSecurity"),
            (40, "NetrpSetFileSecurity"), (41, "NetrServerTransportAddEx"), (43, "NetrDfsGetVersion"),
            (44, "NetrDfsCreateLocalPartition"), (45, "NetrDfsDeleteLocalPartition"),
            (46, "NetrDfsSetLocalVolumeState"), (48, "NetrDfsCreateExitPoint"), (49, "NetrDfsDeleteExitPoint"),
            (50, "NetrDfsModifyPrefix"), (51, "NetrDfsFixLocalVolume"), (52, "NetrDfsManagerReportSiteInfo"),
            (53, "NetrServerTransportDelEx"), (54, "NetrServerAliasAdd"), (55, "NetrServerAliasEnum"),
            (56, "NetrServerAliasDel"), (57, "NetrShareDelEx"),
        ],
    },
    Interface {
        uuid: [0x4d, 0x9f, 0x4a, 0xb8, 0x7d, 0x1c, 0x11, 0xcf, 0x86, 0x1e, 0x00, 0x20, 0xaf, 0x6e, 0x7c, 0x57],
        name: "IRemoteActivation",
        operations: &[
            (0, "RemoteActivation"),
        ],
    },
    Interface {
        uuid: [0x4f, 0xc7, 0x42, 0xe0, 0x4a, 0x10, 0x11, 0xcf, 0x82, 0x73, 0x00, 0xaa, 0x00, 0x4a, 0xe6, 0x73],
        name: "netdfs",
        operations: &[
            (0, "NetrDfsManagerGetVersion"), (1, "NetrDfsAdd"), (2, "NetrDfsRemove"), (3, "NetrDfsSetInfo"),
            (4, "NetrDfsGetInfo"), (5, "NetrDfsEnum"), (6, "NetrDfsMove"), (7, "NetrDfsManagerGetConfigInfo"),
            (8, "NetrDfsManagerSendSiteInfo"), (9, "NetrDfsAddFtRoot"), (10, "NetrDfsRemoveFtRoot"),
            (11, "NetrDfsAddStdRoot"), (12, "NetrDfsRemoveStdRoot"), (13, "NetrDfsManagerInitialize"),
            (14, "NetrDfsAddStdRootForced"), (15, "NetrDfsGetDcAddress"), (16, "NetrDfsSetDcAddress"),
            (17, "NetrDfsFlushFtTable"), (18, "NetrDfsAdd2"), (19, "NetrDfsRemove2"), (20, "NetrDfsEnumEx"),
            (21, "NetrDfsSetInfo2"),
        ],
    },
    Interface {
        uuid: [0x50, 0xab, 0xc2, 0xa4, 0x57, 0x4d, 0x40, 0xb3, 0x9d, 0x66, 0xee, 0x4f, 0xd5, 0xfb, 0xa0, 0x76],
        name: "DnsServer",
        operations: &[
            (0, "DnssrvOperation"), (1, "DnssrvQuery"), (2, "DnssrvComplexOperation"), (3, "DnssrvEnumRecords"),
            (4, "DnssrvUpdateRecord"), (5, "DnssrvOperation2"), (6, "DnssrvQuery2"), (7, "DnssrvComplexOperation2"),
            (8, "DnssrvEnumRecords2"), (9, "DnssrvUpdateRecord2"),
        ],
    },
    Interface {
        uuid: [0x5a, 0x7b, 0x91, 0xf8, 0xff, 0x00, 0x11, 0xd0, 0xa9, 0xb2, 0x00, 0xc0, 0x4f, 0xb6, 0xe6, 0xfc],
        name: "msgsvcsend",
        operations: &[
            (0, "NetrSendMessage"),
        ],
    },
    Interface {
        uuid: [0x5b, 0x82, 0x17, 0x20, 0xf6, 0x3b, 0x11, 0xd0, 0xaa, 0xd2, 0x00, 0xc0, 0x4f, 0xc3, 0x24, 0xdb],
        name: "dhcpsrv2",
        operations: &[
            (0, "DhcpEnumSubnetClientsV5"), (2, "DhcpGetSubnetInfo"), (3, "DhcpEnumSubnets"),
            (13, "DhcpGetOptionValue"), (14, "DhcpEnumOptionValues"), (21, "DhcpGetOptionValueV5"),
            (22, "DhcpEnumOptionValuesV5"), (30, "DhcpGetAllOptionValues"), (34, "DhcpGetClientInfoV4"),
            (35, "DhcpEnumSubnetClientsV4"), (38, "DhcpEnumSubnetElementsV5"), (47, "DhcpEnumSubnetClientsVQ"),
            (123, "DhcpV4GetClientInfo"),
        ],
    },
    Interface {
        uuid: [0x6b, 0xff, 0xd0, 0x98, 0xa1, 0x12, 0x36, 0x10, 0x98, 0x33, 0x01, 0x28, 0x92, 0x02, 0x01, 0x62],
        name: "browser",
        operations: &[
            (0, "I_BrowserrServerEnum"), (2, "I_BrowserrQueryOtherDomains"), (3, "I_BrowserrResetNetlogonState"),
            (4, "I_BrowserrDebugTrace"), (5, "I_BrowserrQueryStatistics"), (6, "I_BrowserResetStatistics"),
            (8, "NetrBrowserStatisticsGet"), (9, "I_BrowserrSetNetlogonState"),
            (10, "I_BrowserrQueryEmulatedDomains"),
        ],
    },
    Interface {
        uuid: [0x6b, 0xff, 0xd0, 0x98, 0xa1, 0x12, 0x36, 0x10, 0x98, 0x33, 0x46, 0xc3, 0xf8, 0x74, 0x53, 0x2d],
        name: "dhcpsrv",
        operations: &[
            (0, "DhcpEnumSubnetClientsV5"), (2, "DhcpGetSubnetInfo"), (3, "DhcpEnumSubnets"),
            (13, "DhcpGetOptionValue"), (14, "DhcpEnumOptionValues"), (21, "DhcpGetOptionValueV5"),
            (22, "DhcpEnumOptionValuesV5"), (30, "DhcpGetAllOptionValues"), (34, "DhcpGetClientInfoV4"),
            (35, "DhcpEnumSubnetClientsV4"), (38, "DhcpEnumSubnetElementsV5"),
        ],
    },
    Interface {
        uuid: [0x6b, 0xff, 0xd0, 0x98, 0xa1, 0x12, 0x36, 0x10, 0x98, 0x33, 0x46, 0xc3, 0xf8, 0x7e, 0x34, 0x5a],
        name: "wkssvc",
        operations: &[
            (0, "NetrWkstaGetInfo"), (1, "NetrWkstaSetInfo"), (2, "NetrWkstaUserEnum"), (5, "NetrWkstaTransportEnum"),
            (6, "NetrWkstaTransportAdd"), (8, "NetrUseAdd"), (9, "NetrUseGetInfo"), (10, "NetrUseDel"),
            (11, "NetrUseEnum"), (13, "NetrWorkstationStatisticsGet"), (20, "NetrGetJoinInformation"),
            (22, "NetrJoinDomain2"), (23, "NetrUnjoinDomain2"), (24, "NetrRenameMachineInDomain2"),
            (25, "NetrValidateName2"), (26, "NetrGetJoinableOUs2"), (27, "NetrAddAlternateComputerName"),
            (28, "NetrRemoveAlternateComputerName"), (29, "NetrSetPrimaryComputerName"),
            (30, "NetrEnumerateComputerNames"),
        ],
    },
    Interface {
        uuid: [0x76, 0xf0, 0x3f, 0x96, 0xcd, 0xfd, 0x44, 0xfc, 0xa2, 0x2c, 0x64, 0x95, 0x0a, 0x00, 0x12, 0x09],
        name: "IRemoteWinspool",
        operations: &[
            (0, "RpcAsyncOpenPrinter"), (20, "RpcAsyncClosePrinter"), (38, "RpcAsyncEnumPrinters"),
            (39, "RpcAsyncAddPrinterDriver"), (40, "RpcAsyncEnumPrinterDrivers"),
            (41, "RpcAsyncGetPrinterDriverDirectory"),
        ],
    },
    Interface {
        uuid: [0x7c, 0x44, 0xd7, 0xd4, 0x31, 0xd5, 0x42, 0x4c, 0xbd, 0x5e, 0x2b, 0x3e, 0x1f, 0x32, 0x3d, 0x22],
        name: "dsaop",
        operations: &[
            (0, "IDL_DSAPrepareScript"), (1, "IDL_DSAExecuteScript"),
        ],
    },
    Interface {
        uuid: [0x82, 0x27, 0x3f, 0xdc, 0xe3, 0x2a, 0x18, 0xc3, 0x3f, 0x78, 0x82, 0x79, 0x29, 0xdc, 0x23, 0xea],
        name: "eventlog",
        operations: &[
            (0, "ElfrClearELFW"), (1, "ElfrBackupELFW"), (2, "ElfrCloseEL"), (4, "ElfrNumberOfRecords"),
            (5, "ElfrOldestRecord"), (7, "ElfrOpenELW"), (8, "ElfrRegisterEventSourceW"), (9, "ElfrOpenBELW"),
            (10, "ElfrReadELW"), (11, "ElfrReportEventW"),
        ],
    },
    Interface {
        uuid: [0x86, 0xd3, 0x59, 0x49, 0x83, 0xc9, 0x40, 0x44, 0xb4, 0x24, 0xdb, 0x36, 0x32, 0x31, 0xfd, 0x0c],
        name: "ITaskSchedulerService",
        operations: &[
            (0, "SchRpcHighestVersion"), (1, "SchRpcRegisterTask"), (2, "SchRpcRetrieveTask"),
            (3, "SchRpcCreateFolder"), (4, "SchRpcSetSecurity"), (5, "SchRpcGetSecurity"), (6, "SchRpcEnumFolders"),
            (7, "SchRpcEnumTasks"), (8, "SchRpcEnumInstances"), (9, "SchRpcGetInstanceInfo"),
            (10, "SchRpcStopInstance"), (11, "SchRpcStop"), (12, "SchRpcRun"), (13, "SchRpcDelete"),
            (14, "SchRpcRename"), (15, "SchRpcScheduledRuntimes"), (16, "SchRpcGetLastRunInfo"),
            (17, "SchRpcGetTaskInfo"), (18, "SchRpcGetNumberOfMissedRuns"), (19, "SchRpcEnableTask"),
        ],
    },
    Interface {
        uuid: [0x89, 0x4d, 0xe0, 0xc0, 0x0d, 0x55, 0x11, 0xd3, 0xa3, 0x22, 0x00, 0xc0, 0x4f, 0xa3, 0x21, 0xa1],
        name: "InitShutdown",
        operations: &[
            (0, "BaseInitiateShutdown"), (1, "BaseAbortShutdown"), (2, "BaseInitiateShutdownEx"),
        ],
    },
    Interface {
        uuid: [0x89, 0x7e, 0x2e, 0x5f, 0x93, 0xf3, 0x43, 0x76, 0x9c, 0x9c, 0xfd, 0x22, 0x77, 0x49, 0x5c, 0x27],
        name: "FrsTransport",
        operations: &[
            (0, "CheckConnectivity"), (1, "EstablishConnection"), (2, "EstablishSession"), (3, "RequestUpdates"),
            (4, "RequestVersionVector"), (5, "AsyncPoll"),
        ],
    },
    Interface {
        uuid: [0x8d, 0x0f, 0xfe, 0x72, 0xd2, 0x52, 0x11, 0xd0, 0xbf, 0x8f, 0x00, 0xc0, 0x4f, 0xd9, 0x12, 0x6b],
        name: "keysvc",
        operations: &[],
    },
    Interface {
        uuid: [0x8d, 0x9f, 0x4e, 0x40, 0xa0, 0x3d, 0x11, 0xce, 0x8f, 0x69, 0x08, 0x00, 0x3e, 0x30, 0x05, 0x1b],
        name: "pnp",
        operations: &[
            (10, "PNP_GetDeviceList"), (11, "PNP_GetDeviceListSize"), (54, "PNP_QueryResConfList"),
        ],
    },
    Interface {
        uuid: [0x8f, 0x09, 0xf0, 0x00, 0xb7, 0xed, 0x11, 0xce, 0xbb, 0xd2, 0x00, 0x00, 0x1a, 0x18, 0x1c, 0xad],
        name: "dimsvc",
        operations: &[
            (0, "RMprAdminServerGetInfo"), (1, "RRasAdminConnectionEnum"), (2, "RRasAdminConnectionGetInfo"),
            (3, "RRasAdminConnectionClearStats"), (4, "RRasAdminPortEnum"), (5, "RRasAdminPortGetInfo"),
            (6, "RRasAdminPortClearStats"), (7, "RRasAdminPortReset"), (8, "RRasAdminPortDisconnect"),
            (9, "RRouterInterfaceTransportSetGlobalInfo"), (10, "RRouterInterfaceTransportGetGlobalInfo"),
            (11, "RRouterInterfaceGetHandle"), (12, "RRouterInterfaceCreate"), (13, "RRouterInterfaceGetInfo"),
            (14, "RRouterInterfaceSetInfo"), (15, "RRouterInterfaceDelete"), (16, "RRouterInterfaceTransportRemove"),
            (17, "RRouterInterfaceTransportAdd"), (18, "RRouterInterfaceTransportGetInfo"),
            (19, "RRouterInterfaceTransportSetInfo"), (20, "RRouterInterfaceEnum"), (21, "RRouterInterfaceConnect"),
            (22, "RRouterInterfaceDisconnect"), (23, "RRouterInterfaceUpdateRoutes"),
            (24, "RRouterInterfaceQueryUpdateResult"), (25, "RRouterInterfaceUpdatePBInfo"), (26, "RMIBEntryCreate"),
            (27, "RMIBEntryDelete"), (28, "RMIBEntrySet"), (29, "RMIBEntryGet"), (30, "RMIBGetFirst"),
            (31, "RMIBGetNext"), (32, "RMIBGetTrapInfo"), (33, "RMIBSetTrapInfo"),
            (34, "RRasAdminConnectionNotification"), (35, "RRasAdminSendUserMessage"), (36, "RRouterDeviceEnum"),
            (37, "RRouterInterfaceTransportCreate"), (38, "RRouterInterfaceDeviceGetInfo"),
            (39, "RRouterInterfaceDeviceSetInfo"), (40, "RRouterInterfaceSetCredentialsEx"),
            (41, "RRouterInterfaceGetCredentialsEx"), (42, "RRasAdminConnectionRemoveQuarantine"),
        ],
    },
    Interface {
        uuid: [0x91, 0xae, 0x60, 0x20, 0x9e, 0x3c, 0x11, 0xcf, 0x8d, 0x7c, 0x00, 0xaa, 0x00, 0xc0, 0x91, 0xbe],
        name: "ICertPassage",
        operations: &[
            (0, "CertServerRequest"),
        ],
    },
    Interface {
        uuid: [0x95, 0x56, 0xdc, 0x99, 0x82, 0x8c, 0x11, 0xcf, 0xa3, 0x7e, 0x00, 0xaa, 0x00, 0x32, 0x40, 0xc7],
        name: "IWbemServices",
        operations: &[
            (3, "OpenNamespace"), (4, "CancelAsyncCall"), (5, "QueryObjectSink"), (6, "GetObject"),
            (7, "GetObjectAsync"), (8, "PutClass"), (9, "PutClassAsync"), (10, "DeleteClass"),
            (11, "DeleteClassAsync"), (12, "CreateClassEnum"), (13, "CreateClassEnumAsync"), (14, "PutInstance"),
            (15, "PutInstanceAsync"), (16, "DeleteInstance"), (17, "DeleteInstanceAsync"), (18, "CreateInstanceEnum"),
            (19, "CreateInstanceEnumAsync"), (20, "ExecQuery"), (21, "ExecQueryAsync"), (22, "ExecNotificationQuery"),
            (23, "ExecNotificationQueryAsync"), (24, "ExecMethod"), (25, "ExecMethodAsync"),
        ],
    },
    Interface {
        uuid: [0x99, 0xfc, 0xfe, 0xc4, 0x52, 0x60, 0x10, 0x1b, 0xbb, 0xcb, 0x00, 0xaa, 0x00, 0x21, 0x34, 0x7a],
        name: "IObjectExporter",
        operations: &[
            (0, "ResolveOxid"), (1, "SimplePing"), (2, "ComplexPing"), (3, "ServerAlive"), (4, "ResolveOxid2"),
            (5, "ServerAlive2"),
        ],
    },
    Interface {
        uuid: [0x9c, 0x54, 0xe3, 0x10, 0xa9, 0x55, 0x48, 0x85, 0xbd, 0x31, 0x78, 0x78, 0x71, 0x47, 0xdf, 0xa6],
        name: "unixinfo",
        operations: &[],
    },
    Interface {
        uuid: [0xa8, 0xe0, 0x65, 0x3c, 0x27, 0x44, 0x43, 0x89, 0xa6, 0x1d, 0x73, 0x73, 0xdf, 0x8b, 0x22, 0x92],
        name: "FileServerVssAgent",
        operations: &[
            (0, "GetSupportedVersion"), (1, "SetContext"), (2, "StartShadowCopySet"), (3, "AddToShadowCopySet"),
            (4, "CommitShadowCopySet"), (5, "ExposeShadowCopySet"), (6, "RecoveryCompleteShadowCopySet"),
            (7, "AbortShadowCopySet"), (8, "IsPathSupported"), (9, "IsPathShadowCopied"), (10, "GetShareMapping"),
            (11, "DeleteShareMapping"), (12, "PrepareShadowCopySet"),
        ],
    },
    Interface {
        uuid: [0xaf, 0xa8, 0xbd, 0x80, 0x7d, 0x8a, 0x11, 0xc9, 0xbe, 0xf4, 0x08, 0x00, 0x2b, 0x10, 0x29, 0x89],
        name: "mgmt",
        operations: &[
            (0, "rpc__mgmt_inq_if_ids"), (1, "rpc__mgmt_inq_stats"), (2, "rpc__mgmt_is_server_listening"),
            (3, "rpc__mgmt_stop_server_listening"), (4, "rpc__mgmt_inq_princ_name"),
        ],
    },
    Interface {
        uuid: [0xb9, 0x78, 0x59, 0x60, 0x52, 0x4f, 0x11, 0xdf, 0x8b, 0x6d, 0x83, 0xdc, 0xde, 0xd7, 0x20, 0x85],
        name: "ISDKey",
        operations: &[
            (0, "GkdiRpcGetKey"),
        ],
    },
    Interface {
        uuid: [0xc6, 0x81, 0xd4, 0x88, 0xd8, 0x50, 0x11, 0xd0, 0x8c, 0x52, 0x00, 0xc0, 0x4f, 0xd9, 0x0f, 0x7e],
        name: "efsrpc-lsarpc",
        operations: &[
            (0, "EfsRpcOpenFileRaw"), (1, "EfsRpcReadFileRaw"), (2, "EfsRpcWriteFileRaw"), (3, "EfsRpcCloseRaw"),
            (4, "EfsRpcEncryptFileSrv"), (5, "EfsRpcDecryptFileSrv"), (6, "EfsRpcQueryUsersOnFile"),
            (7, "EfsRpcQueryRecoveryAgents"), (8, "EfsRpcRemoveUsersFromFile"), (9, "EfsRpcAddUsersToFile"),
            (10, "EfsRpcNotSupported"), (11, "EfsRpcGetEncryptedFileMetadata"), (12, "EfsRpcFileKeyInfo"),
            (13, "EfsRpcDuplicateEncryptionInfoFile"), (15, "EfsRpcAddUsersToFileEx"), (16, "EfsRpcFileKeyInfoEx"),
            (18, "EfsRpcGetEncryptedFileMetadata"), (19, "EfsRpcSetEncryptedFileMetadata"),
            (20, "EfsRpcFlushEfsCache"), (21, "EfsRpcEncryptFileExSrv"), (22, "EfsRpcQueryProtectors"),
        ],
    },
    Interface {
        uuid: [0xcc, 0xd8, 0xc0, 0x74, 0xd0, 0xe5, 0x4a, 0x40, 0x92, 0xb4, 0xd0, 0x74, 0xfa, 0xa6, 0xba, 0x28],
        name: "witness",
        operations: &[
            (0, "WitnessrGetInterfaceList"), (1, "WitnessrRegister"), (2, "WitnessrUnRegister"),
            (3, "WitnessrAsyncNotify"), (4, "WitnessrRegisterEx"),
        ],
    },
    Interface {
        uuid: [0xd4, 0x78, 0x1c, 0xd6, 0xe5, 0xd3, 0x44, 0xdf, 0xad, 0x94, 0x93, 0x0e, 0xfe, 0x48, 0xa8, 0x87],
        name: "IWbemLoginClientID",
        operations: &[
            (3, "SetClientInfo"),
        ],
    },
    Interface {
        uuid: [0xd9, 0x5a, 0xfe, 0x70, 0xa6, 0xd5, 0x42, 0x59, 0x82, 0x2e, 0x2c, 0x84, 0xda, 0x1d, 0xdb, 0x0d],
        name: "WindowsShutdown",
        operations: &[
            (0, "WsdrInitiateShutdown"), (1, "WsdrAbortShutdown"),
        ],
    },
    Interface {
        uuid: [0xdf, 0x19, 0x41, 0xc5, 0xfe, 0x89, 0x4e, 0x79, 0xbf, 0x10, 0x46, 0x36, 0x57, 0xac, 0xf4, 0x4d],
        name: "efsrpc",
        operations: &[
            (0, "EfsRpcOpenFileRaw"), (1, "EfsRpcReadFileRaw"), (2, "EfsRpcWriteFileRaw"), (3, "EfsRpcCloseRaw"),
            (4, "EfsRpcEncryptFileSrv"), (5, "EfsRpcDecryptFileSrv"), (6, "EfsRpcQueryUsersOnFile"),
            (7, "EfsRpcQueryRecoveryAgents"), (8, "EfsRpcRemoveUsersFromFile"), (9, "EfsRpcAddUsersToFile"),
            (10, "EfsRpcNotSupported"), (11, "EfsRpcGetEncryptedFileMetadata"), (12, "EfsRpcFileKeyInfo"),
            (13, "EfsRpcDuplicateEncryptionInfoFile"), (15, "EfsRpcAddUsersToFileEx"), (16, "EfsRpcFileKeyInfoEx"),
            (18, "EfsRpcGetEncryptedFileMetadata"), (19, "EfsRpcSetEncryptedFileMetadata"),
            (20, "EfsRpcFlushEfsCache"), (21, "EfsRpcEncryptFileExSrv"), (22, "EfsRpcQueryProtectors"),
        ],
    },
    Interface {
        uuid: [0xe1, 0xaf, 0x83, 0x08, 0x5d, 0x1f, 0x11, 0xc9, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa],
        name: "epmapper",
        operations: &[
            (0, "ept_insert"), (1, "ept_delete"), (2, "ept_lookup"), (3, "ept_map"), (4, "ept_lookup_handle_free"),
            (5, "ept_inq_object"), (6, "ept_mgmt_delete"),
        ],
    },
    Interface {
        uuid: [0xe3, 0x51, 0x42, 0x35, 0x4b, 0x06, 0x11, 0xd1, 0xab, 0x04, 0x00, 0xc0, 0x4f, 0xc2, 0xdc, 0xd2],
        name: "drsuapi",
        operations: &[
            (0, "IDL_DRSBind"), (1, "IDL_DRSUnbind"), (2, "IDL_DRSReplicaSync"), (3, "IDL_DRSGetNCChanges"),
            (4, "IDL_DRSUpdateRefs"), (5, "IDL_DRSReplicaAdd"), (6, "IDL_DRSReplicaDel"), (7, "IDL_DRSReplicaModify"),
            (8, "IDL_DRSVerifyNames"), (9, "IDL_DRSGetMemberships"), (10, "IDL_DRSInterDomainMove"),
            (11, "IDL_DRSGetNT4ChangeLog"), (12, "IDL_DRSCrackNames"), (13, "IDL_DRSWriteSPN"),
            (14, "IDL_DRSRemoveDsServer"), (15, "IDL_DRSRemoveDsDomain"), (16, "IDL_DRSDomainControllerInfo"),
            (17, "IDL_DRSAddEntry"), (18, "IDL_DRSExecuteKCC"), (19, "IDL_DRSGetReplInfo"),
            (20, "IDL_DRSAddSidHistory"), (21, "IDL_DRSGetMemberships2"), (22, "IDL_DRSReplicaVerifyObjects"),
            (23, "IDL_DRSGetObjectExistence"), (24, "IDL_DRSQuerySitesByCost"), (25, "IDL_DRSInitDemotion"),
            (26, "IDL_DRSReplicaDemotion"), (27, "IDL_DRSFinishDemotion"), (28, "IDL_DRSAddCloneDC"),
            (29, "IDL_DRSWriteNgcKey"), (30, "IDL_DRSReadNgcKey"),
        ],
    },
    Interface {
        uuid: [0xf3, 0x09, 0xad, 0x18, 0xd8, 0x6a, 0x11, 0xd0, 0xa0, 0x75, 0x00, 0xc0, 0x4f, 0xb6, 0x88, 0x20],
        name: "IWbemLevel1Login",
        operations: &[
            (3, "EstablishPosition"), (4, "RequestChallenge"), (5, "WBEMLogin"), (6, "NTLMLogin"),
        ],
    },
    Interface {
        uuid: [0xf5, 0xcc, 0x59, 0xb4, 0x42, 0x64, 0x10, 0x1a, 0x8c, 0x59, 0x08, 0x00, 0x2b, 0x2f, 0x84, 0x26],
        name: "frsrpc",
        operations: &[
            (0, "FrsRpcSendCommPkt"), (1, "FrsRpcVerifyPromotionParent"),
        ],
    },
    Interface {
        uuid: [0xf5, 0xcc, 0x5a, 0x18, 0x42, 0x64, 0x10, 0x1a, 0x8c, 0x59, 0x08, 0x00, 0x2b, 0x2f, 0x84, 0x26],
        name: "nspi",
        operations: &[
            (0, "NspiBind"), (1, "NspiUnbind"), (2, "NspiUpdateStat"), (3, "NspiQueryRows"), (4, "NspiSeekEntries"),
            (7, "NspiDNToMId"), (8, "NspiGetPropList"), (9, "NspiGetProps"), (10, "NspiCompareMIds"),
            (12, "NspiGetSpecialTable"), (13, "NspiGetTemplateInfo"), (14, "NspiModLinkAtt"),
            (16, "NspiQueryColumns"), (17, "NspiGetNamesFromIDs"), (18, "NspiGetIDsFromNames"),
            (19, "NspiResolveNames"), (20, "NspiResolveNamesW"),
        ],
    },
    Interface {
        uuid: [0xf6, 0xbe, 0xaf, 0xf7, 0x1e, 0x19, 0x4f, 0xbb, 0x9f, 0x8f, 0xb8, 0x9e, 0x20, 0x18, 0x33, 0x7c],
        name: "IEventService",
        operations: &[
            (0, "EvtRpcRegisterRemoteSubscription"), (2, "EvtRpcRemoteSubscriptionNext"),
            (4, "EvtRpcRegisterControllableOperation"), (5, "EvtRpcRegisterLogQuery"), (6, "EvtRpcClearLog"),
            (7, "EvtRpcExportLog"), (11, "EvtRpcQueryNext"), (12, "EvtRpcQuerySeek"), (13, "EvtRpcClose"),
            (17, "EvtRpcOpenLogHandle"), (19, "EvtRpcGetChannelList"),
        ],
    },
];
