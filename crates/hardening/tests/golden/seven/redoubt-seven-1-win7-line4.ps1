# Redoubt hardening script. It changes nothing before it has saved the prior state.
# Plan: seven-1
# Host: WIN7-LINE4
# Updates are installed by redoubt-seven-1-win7-line4.cmd.
#   step 1: block-port (advfirewall) firewall on, tcp/139, tcp/445, udp/137, udp/138 - against eternalblue, temporary
#   step 2: disable-service (start-disabled) service spooler - against eternalblue
#   step 3: disable-smb1 (registry) SMB1 - against eternalblue
#   step 4: install KB976932 - against eternalblue
#   step 5: install KB4012212 or KB4012215 - against eternalblue
#   step 6: roll back the temporary changes, by hand with mode rollback - against eternalblue
param([ValidateSet('set', 'verify', 'undo', 'rollback')][string]$Mode = 'verify', [switch]$AnyHost, [string]$Operation = '')
$Plan = 'seven-1'
$HostName = 'WIN7-LINE4'
$FileHost = 'win7-line4'
$ProductId = ''
$ExpectedNt = '6.1'
$ProductType = 'WinNT'
$BuildMin = 7600
$BuildMax = 7601
$NotOnDomainController = $true
$Steps = @(
    @{ Number = 1; Action = 'block-port'; Temporary = $true; Reboot = $false; Operations = @(
        @{ OP = '1-1'; KIND = 'firewall_on' },
        @{ OP = '1-2'; KIND = 'firewall_rule'; OP_RULE = 'Redoubt-seven-1-tcp-139'; OP_PROTOCOL = 'TCP'; OP_PROTOCOL_NUMBER = '6'; OP_PORT = '139' },
        @{ OP = '1-3'; KIND = 'firewall_rule'; OP_RULE = 'Redoubt-seven-1-tcp-445'; OP_PROTOCOL = 'TCP'; OP_PROTOCOL_NUMBER = '6'; OP_PORT = '445' },
        @{ OP = '1-4'; KIND = 'firewall_rule'; OP_RULE = 'Redoubt-seven-1-udp-137'; OP_PROTOCOL = 'UDP'; OP_PROTOCOL_NUMBER = '17'; OP_PORT = '137' },
        @{ OP = '1-5'; KIND = 'firewall_rule'; OP_RULE = 'Redoubt-seven-1-udp-138'; OP_PROTOCOL = 'UDP'; OP_PROTOCOL_NUMBER = '17'; OP_PORT = '138' }
    ) },
    @{ Number = 2; Action = 'disable-service'; Temporary = $false; Reboot = $false; Operations = @(
        @{ OP = '2-1'; KIND = 'service'; OP_SERVICE = 'spooler'; OP_STOP = '1' }
    ) },
    @{ Number = 3; Action = 'disable-smb1'; Temporary = $false; Reboot = $true; Operations = @(
        @{ OP = '3-1'; KIND = 'registry_key'; OP_KEY = 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters' },
        @{ OP = '3-2'; KIND = 'registry_value'; OP_KEY = 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters'; OP_NAME = 'SMB1'; OP_TYPE = 'REG_DWORD'; OP_DATA = '0x0' }
    ) },
    @{ Number = 4; Action = 'update'; Temporary = $false; Reboot = $true; Operations = @(
        @{ OP = '4-1'; KIND = 'update'; OP_KBS = 'KB976932' }
    ) },
    @{ Number = 5; Action = 'update'; Temporary = $false; Reboot = $true; Operations = @(
        @{ OP = '5-1'; KIND = 'update'; OP_KBS = 'KB4012212 KB4012215' }
    ) }
)
$ErrorActionPreference = 'Stop'
$Services = 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services'
$System32 = Join-Path $env:SystemRoot 'system32'
$Folder = Join-Path (Join-Path $env:SystemRoot 'Redoubt') $Plan
$Lines = New-Object System.Collections.ArrayList
$script:Changed = $false

function Say([string]$Line) { [void]$Lines.Add($Line) }

# ---- registry and saved state, in the same files as the batch script -----------------------------

function Open-Key([string]$Key, [bool]$Write) {
    $sub = $Key.Substring('HKEY_LOCAL_MACHINE\'.Length)
    return [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($sub, $Write)
}

function Get-Value([string]$Key, [string]$Name) {
    $answer = @{ State = 'absent'; Type = ''; Data = '' }
    $open = Open-Key $Key $false
    if ($open -eq $null) { return $answer }
    $raw = $open.GetValue($Name, $null, 'DoNotExpandEnvironmentNames')
    if ($raw -ne $null) {
        $answer.State = 'present'
        switch ($open.GetValueKind($Name)) {
            'DWord' { $answer.Type = 'REG_DWORD'; $answer.Data = '0x{0:x}' -f $raw }
            'String' { $answer.Type = 'REG_SZ'; $answer.Data = [string]$raw }
            'ExpandString' { $answer.Type = 'REG_EXPAND_SZ'; $answer.Data = [string]$raw }
            'MultiString' { $answer.Type = 'REG_MULTI_SZ'; $answer.Data = [string]::Join('\0', $raw) }
            default { $answer.State = 'other' }
        }
    }
    $open.Close()
    return $answer
}

function Set-Value([string]$Key, [string]$Name, [string]$Type, [string]$Data) {
    $sub = $Key.Substring('HKEY_LOCAL_MACHINE\'.Length)
    $open = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey($sub)
    switch ($Type) {
        'REG_DWORD' { $open.SetValue($Name, [BitConverter]::ToInt32([BitConverter]::GetBytes([Convert]::ToUInt32($Data, 16)), 0), 'DWord') }
        'REG_SZ' { $open.SetValue($Name, $Data, 'String') }
        'REG_EXPAND_SZ' { $open.SetValue($Name, $Data, 'ExpandString') }
        'REG_MULTI_SZ' { $open.SetValue($Name, [string[]]([regex]::Split($Data, '\\0')), 'MultiString') }
        default { throw 'unknown-type' }
    }
    $open.Close()
    $script:Changed = $true
}

function State-Path([string]$Id) { return Join-Path $Folder ($Id + '.sav') }

function Save-State([string]$Id, $State) {
    $path = State-Path $Id
    if (Test-Path -LiteralPath $path) { return }
    if ($State.State -eq 'other') { throw 'prior-state-not-readable' }
    $text = "SV_DATA=$($State.Data)`r`nSV_STATE=$($State.State)`r`nSV_TYPE=$($State.Type)`r`n"
    $oem = [Text.Encoding]::GetEncoding([Globalization.CultureInfo]::CurrentCulture.TextInfo.OEMCodePage)
    [IO.File]::WriteAllText($path + '.tmp', $text, $oem)
    [IO.File]::Move($path + '.tmp', $path)
}

function Read-State([string]$Id) {
    $path = State-Path $Id
    if (-not (Test-Path -LiteralPath $path)) { return $null }
    $state = @{ State = ''; Type = ''; Data = '' }
    $oem = [Text.Encoding]::GetEncoding([Globalization.CultureInfo]::CurrentCulture.TextInfo.OEMCodePage)
    foreach ($line in [IO.File]::ReadAllLines($path, $oem)) {
        if ($line.StartsWith('SV_STATE=')) { $state.State = $line.Substring(9) }
        if ($line.StartsWith('SV_TYPE=')) { $state.Type = $line.Substring(8) }
        if ($line.StartsWith('SV_DATA=')) { $state.Data = $line.Substring(8) }
    }
    if ($state.State -eq '') { return $null }
    return $state
}

function Forget-State([string]$Id) { Remove-Item -LiteralPath (State-Path $Id) -Force -ErrorAction SilentlyContinue }

function Expect-Value($O) {
    $now = Get-Value $O.OP_KEY $O.OP_NAME
    if ($now.State -ne 'present' -or $now.Type -ne $O.OP_TYPE -or $now.Data -ne $O.OP_DATA) { throw "read-back-$($now.State)" }
}

function Restore-Value([string]$Id, [string]$Key, [string]$Name) {
    $state = Read-State $Id
    if ($state -eq $null) { return 'nothing-saved' }
    if ($state.State -eq 'absent') {
        $open = Open-Key $Key $true
        if ($open -ne $null) { $open.DeleteValue($Name, $false); $open.Close(); $script:Changed = $true }
        if ((Get-Value $Key $Name).State -ne 'absent') { throw 'undo-failed' }
    } else {
        Set-Value $Key $Name $state.Type $state.Data
        $now = Get-Value $Key $Name
        if ($now.Type -ne $state.Type -or $now.Data -ne $state.Data) { throw 'undo-failed' }
    }
    Forget-State $Id
    return 'restored'
}

function Value-Operation($O, [string]$Mode, [string]$Id) {
    if ($Mode -eq 'undo') { return Restore-Value $Id $O.OP_KEY $O.OP_NAME }
    if ($Mode -eq 'set') {
        $prior = Get-Value $O.OP_KEY $O.OP_NAME
        Save-State $Id $prior
        if ($prior.Type -ne $O.OP_TYPE -or $prior.Data -ne $O.OP_DATA) { Set-Value $O.OP_KEY $O.OP_NAME $O.OP_TYPE $O.OP_DATA }
    }
    Expect-Value $O
}

# ---- operations: each throws the reason when it fails ----------------------------------------------

function Op-registry_value($O, $Mode) { Value-Operation $O $Mode $O.OP }

function Op-registry_key($O, $Mode) {
    $open = Open-Key $O.OP_KEY $false
    $there = $open -ne $null
    if ($Mode -eq 'undo') {
        $state = Read-State $O.OP
        if ($state -eq $null) { return 'nothing-saved' }
        # Somebody else may have put something in it since: then it is theirs.
        if ($state.State -eq 'absent' -and $there -and $open.ValueCount -eq 0 -and $open.SubKeyCount -eq 0) {
            $open.Close()
            [Microsoft.Win32.Registry]::LocalMachine.DeleteSubKey($O.OP_KEY.Substring('HKEY_LOCAL_MACHINE\'.Length), $false)
        }
        Forget-State $O.OP
        return 'restored'
    }
    if ($Mode -eq 'set') {
        $state = 'absent'
        if ($there) { $state = 'present' }
        Save-State $O.OP @{ State = $state; Type = ''; Data = '' }
        if (-not $there) { [void][Microsoft.Win32.Registry]::LocalMachine.CreateSubKey($O.OP_KEY.Substring('HKEY_LOCAL_MACHINE\'.Length)) }
    }
    if ((Open-Key $O.OP_KEY $false) -eq $null) { throw 'read-back-absent' }
}

function Op-registry_value_per_interface($O, $Mode) {
    $parent = Open-Key $O.OP_KEY $false
    if ($parent -eq $null) { throw 'read-back-empty' }
    $count = 0
    foreach ($name in $parent.GetSubKeyNames()) {
        if (-not $name.StartsWith($O.OP_PREFIX, 'OrdinalIgnoreCase')) { continue }
        $count += 1
        $one = $O.Clone()
        $one.OP_KEY = $O.OP_KEY + '\' + $name
        [void](Value-Operation $one $Mode ($O.OP + '-' + $name))
    }
    if ($count -eq 0) { throw 'read-back-empty' }
    return "interfaces-$count"
}

function Op-service($O, $Mode) {
    $key = $Services + '\' + $O.OP_SERVICE
    if ((Open-Key $key $false) -eq $null) { return 'service-absent' }
    $value = @{ OP_KEY = $key; OP_NAME = 'Start'; OP_TYPE = 'REG_DWORD'; OP_DATA = '0x4' }
    if ($Mode -eq 'undo') {
        $state = Read-State ($O.OP + '-start')
        if ($state -eq $null) { return 'nothing-saved' }
        $words = @{ '0x0' = 'boot'; '0x1' = 'system'; '0x2' = 'auto'; '0x3' = 'demand'; '0x4' = 'disabled' }
        if ($words.ContainsKey($state.Data)) { [void](& "$System32\sc.exe" config $O.OP_SERVICE start= $words[$state.Data]) }
        [void](Restore-Value ($O.OP + '-start') $key 'Start')
        [void](Restore-Value ($O.OP + '-delayed') $key 'DelayedAutoStart')
        $running = Read-State ($O.OP + '-running')
        if ($running -ne $null -and $running.State -eq '4') { Start-Service $O.OP_SERVICE -ErrorAction SilentlyContinue }
        Forget-State ($O.OP + '-running')
        return 'restored'
    }
    $service = Get-Service -Name $O.OP_SERVICE -ErrorAction SilentlyContinue
    if ($Mode -eq 'set') {
        Save-State ($O.OP + '-delayed') (Get-Value $key 'DelayedAutoStart')
        Save-State ($O.OP + '-start') (Get-Value $key 'Start')
        if ($service -ne $null) { Save-State ($O.OP + '-running') @{ State = [string][int]$service.Status; Type = ''; Data = '' } }
        [void](& "$System32\sc.exe" config $O.OP_SERVICE start= disabled)
        if ((Get-Value $key 'Start').Data -ne '0x4') { Set-Value $key 'Start' 'REG_DWORD' '0x4' }
        $script:Changed = $true
        if ($O.OP_STOP -eq '1' -and $service -ne $null) { Stop-Service $O.OP_SERVICE -Force -ErrorAction SilentlyContinue }
    }
    Expect-Value $value
    if ($O.OP_STOP -eq '1') {
        if ($service -eq $null) { throw 'read-back-empty' }
        $service.Refresh()
        if ([string]$service.Status -ne 'Stopped') { throw 'service-still-runs' }
    }
}

$Policy = $Services + '\SharedAccess\Parameters\FirewallPolicy'

function Op-firewall_on($O, $Mode) {
    $notes = @()
    foreach ($name in 'DomainProfile', 'StandardProfile', 'PublicProfile') {
        $value = @{ OP_KEY = "$Policy\$name"; OP_NAME = 'EnableFirewall'; OP_TYPE = 'REG_DWORD'; OP_DATA = '0x1' }
        $id = $O.OP + '-' + $name
        if ($Mode -eq 'undo') {
            $state = Read-State $id
            $words = @{ DomainProfile = 'domainprofile'; StandardProfile = 'privateprofile'; PublicProfile = 'publicprofile' }
            if ($state -ne $null -and $state.Data -eq '0x0') { [void](& "$System32\netsh.exe" advfirewall set $words[$name] state off) }
            $notes += Restore-Value $id $value.OP_KEY 'EnableFirewall'
            continue
        }
        if ($Mode -eq 'set') {
            Save-State $id (Get-Value $value.OP_KEY 'EnableFirewall')
            [void](& "$System32\netsh.exe" advfirewall set allprofiles state on)
        }
        Expect-Value $value
        $rule = Get-Value "HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\WindowsFirewall\$name" 'EnableFirewall'
        if ($rule.Data -eq '0x0') { throw 'group-policy-turns-it-off' }
    }
    if ($Mode -eq 'undo') { return $notes[0] }
    if ([string](Get-Service mpssvc).Status -ne 'Running') { throw 'firewall-service-not-running' }
}

function Find-Rule($O, [string[]]$Words) {
    $open = Open-Key "$Policy\FirewallRules" $false
    if ($open -eq $null) { return $false }
    foreach ($name in $open.GetValueNames()) {
        $text = '|' + [string]$open.GetValue($name)
        $missing = @($Words | Where-Object { $text.IndexOf('|' + $_ + '|', [StringComparison]::OrdinalIgnoreCase) -lt 0 })
        if ($missing.Count -eq 0) { return $true }
    }
    return $false
}

function Op-firewall_rule($O, $Mode) {
    $named = "Name=$($O.OP_RULE)"
    $there = Find-Rule $O @($named)
    if ($Mode -eq 'undo') {
        $state = Read-State $O.OP
        if ($state -eq $null) { return 'nothing-saved' }
        if ($state.State -eq 'absent') {
            [void](& "$System32\netsh.exe" advfirewall firewall delete rule "name=$($O.OP_RULE)")
            if (Find-Rule $O @($named)) { throw 'undo-failed' }
        }
        Forget-State $O.OP
        return 'restored'
    }
    if ($Mode -eq 'set') {
        $state = 'absent'
        if ($there) { $state = 'present' }
        Save-State $O.OP @{ State = $state; Type = ''; Data = '' }
        if (-not $there) { [void](& "$System32\netsh.exe" advfirewall firewall add rule "name=$($O.OP_RULE)" dir=in action=block "protocol=$($O.OP_PROTOCOL)" "localport=$($O.OP_PORT)" profile=any enable=yes) }
    }
    $words = @($named, 'Action=Block', 'Active=TRUE', 'Dir=In', "Protocol=$($O.OP_PROTOCOL_NUMBER)", "LPort=$($O.OP_PORT)")
    if (-not (Find-Rule $O $words)) { throw 'read-back-empty' }
}

function Op-powershell_value($O, $Mode) {
    $now = [string](Invoke-Expression $O.OP_GET)
    if ($Mode -eq 'undo') {
        $state = Read-State $O.OP
        if ($state -eq $null) { return 'nothing-saved' }
        if ($state.Data -ne $O.OP_VALUE) { Invoke-Expression $O.OP_UNSET | Out-Null }
        if ([string](Invoke-Expression $O.OP_GET) -ne $state.Data) { throw 'undo-failed' }
        Forget-State $O.OP
        return 'restored'
    }
    if ($Mode -eq 'set') {
        if (($O.OP_VALUES -split ' ') -notcontains $now) { throw 'prior-state-not-readable' }
        Save-State $O.OP @{ State = 'present'; Type = ''; Data = $now }
        if ($now -ne $O.OP_VALUE) { Invoke-Expression $O.OP_SET | Out-Null }
    }
    $now = [string](Invoke-Expression $O.OP_GET)
    if ($now -eq '') { throw 'read-back-empty' }
    if ($now -ne $O.OP_VALUE) { throw 'read-back-differs' }
}

function Get-Feature([string]$Name) {
    foreach ($line in (& "$System32\dism.exe" /english /online /get-featureinfo "/featurename:$Name")) {
        if ($line -match '^State\s*:\s*(\w+)') { return $matches[1] }
    }
    return ''
}

function Op-optional_feature($O, $Mode) {
    $now = Get-Feature $O.OP_FEATURE
    if ($Mode -eq 'undo') {
        $state = Read-State $O.OP
        if ($state -eq $null) { return 'nothing-saved' }
        if ($state.Data -like 'Enable*') {
            [void](& "$System32\dism.exe" /english /online /enable-feature "/featurename:$($O.OP_FEATURE)" /all /norestart /quiet)
            if ((Get-Feature $O.OP_FEATURE) -notlike 'Enable*') { throw 'undo-failed' }
            $script:Changed = $true
        }
        Forget-State $O.OP
        return 'restored'
    }
    if ($Mode -eq 'set') {
        if ($now -eq '') { throw 'prior-state-not-readable' }
        Save-State $O.OP @{ State = 'present'; Type = ''; Data = $now }
        if ($now -notlike 'Disable*') {
            [void](& "$System32\dism.exe" /english /online /disable-feature "/featurename:$($O.OP_FEATURE)" /norestart /quiet)
            $script:Changed = $true
        }
        $now = Get-Feature $O.OP_FEATURE
    }
    if ($now -eq '') { throw 'read-back-empty' }
    if ($now -ne 'Disabled' -and -not ($Mode -eq 'set' -and $now -like 'Disable*')) { throw "feature-is-$now" }
}

function Op-unshare_printers($O, $Mode) {
    $shared = @(Get-WmiObject Win32_Printer | Where-Object { $_.Shared })
    if ($Mode -eq 'undo') {
        $state = Read-State $O.OP
        if ($state -eq $null) { return 'nothing-saved' }
        $list = @([IO.File]::ReadAllLines((Join-Path $Folder ($O.OP + '.lst'))))
        foreach ($printer in @(Get-WmiObject Win32_Printer | Where-Object { $list -contains $_.Name })) {
            $printer.Shared = $true
            [void]$printer.Put()
        }
        Forget-State $O.OP
        return 'restored'
    }
    if ($Mode -eq 'set') {
        if (-not (Test-Path -LiteralPath (State-Path $O.OP))) {
            [IO.File]::WriteAllLines((Join-Path $Folder ($O.OP + '.lst')), [string[]]@($shared | ForEach-Object { $_.Name }))
            Save-State $O.OP @{ State = 'present'; Type = ''; Data = [string]$shared.Count }
        }
        foreach ($printer in $shared) { $printer.Shared = $false; [void]$printer.Put() }
        $shared = @(Get-WmiObject Win32_Printer | Where-Object { $_.Shared })
    }
    if ($shared.Count -ne 0) { throw 'printers-still-shared' }
}

function Op-listener($O, $Mode) {
    if ($Mode -ne 'verify') { return 'not-checked' }
    $answer = @(& "$System32\netstat.exe" -an)
    if ($answer.Count -eq 0) { throw 'read-back-empty' }
    foreach ($line in $answer) {
        if ($line -match "^\s*TCP\s+\S+:$($O.OP_PORT)\s+(0\.0\.0\.0|\[::\]):0\s") { throw 'still-listening' }
    }
}

function Op-update($O, $Mode) {
    if ($Mode -eq 'undo') { return 'not-checked' }
    $installed = @(Get-WmiObject Win32_QuickFixEngineering | ForEach-Object { $_.HotFixID })
    if ($installed.Count -eq 0) { throw 'read-back-empty' }
    foreach ($kb in ($O.OP_KBS -split ' ')) { if ($installed -contains $kb) { return 'installed' } }
    if ($Mode -eq 'set') { throw 'install-it-with-the-batch-file' }
    throw 'update-not-installed'
}

function Op-canary($O, $Mode) { return 'not-checked' }

$AppLockerRules = @'
<AppLockerPolicy Version="1"><RuleCollection Type="Exe" EnforcementMode="Enabled">
<FilePathRule Id="6b1d0b6e-3a0f-4f53-9a55-5ed0b7000011" Name="Redoubt: Windows" Description="" UserOrGroupSid="S-1-1-0" Action="Allow"><Conditions><FilePathCondition Path="%WINDIR%\*" /></Conditions></FilePathRule>
<FilePathRule Id="6b1d0b6e-3a0f-4f53-9a55-5ed0b7000012" Name="Redoubt: Program Files" Description="" UserOrGroupSid="S-1-1-0" Action="Allow"><Conditions><FilePathCondition Path="%PROGRAMFILES%\*" /></Conditions></FilePathRule>
<FilePathRule Id="6b1d0b6e-3a0f-4f53-9a55-5ed0b7000013" Name="Redoubt: administrators" Description="" UserOrGroupSid="S-1-5-32-544" Action="Allow"><Conditions><FilePathCondition Path="*" /></Conditions></FilePathRule>
</RuleCollection></AppLockerPolicy>
'@

function Op-applocker_policy($O, $Mode) {
    Import-Module AppLocker
    $saved = Join-Path $Folder ($O.OP + '-applocker.xml')
    $service = @{ OP_KEY = "$Services\AppIDSvc"; OP_NAME = 'Start'; OP_TYPE = 'REG_DWORD'; OP_DATA = '0x2' }
    if ($Mode -eq 'undo') {
        if (-not (Test-Path -LiteralPath $saved)) { return 'nothing-saved' }
        Set-AppLockerPolicy -XmlPolicy $saved
        if ((Get-AppLockerPolicy -Local -Xml) -match '5ed0b7000011') { throw 'undo-failed' }
        [void](Restore-Value ($O.OP + '-appid') $service.OP_KEY 'Start')
        Remove-Item -LiteralPath $saved -Force
        return 'restored'
    }
    if ($Mode -eq 'set') {
        if (-not (Test-Path -LiteralPath $saved)) {
            $before = Get-AppLockerPolicy -Local -Xml
            if ([string]$before -eq '') { throw 'prior-state-not-readable' }
            [IO.File]::WriteAllText($saved, $before, [Text.Encoding]::Unicode)
        }
        Save-State ($O.OP + '-appid') (Get-Value $service.OP_KEY 'Start')
        $rules = Join-Path $Folder ($O.OP + '-rules.xml')
        [IO.File]::WriteAllText($rules, $AppLockerRules, [Text.Encoding]::Unicode)
        Set-AppLockerPolicy -XmlPolicy $rules
        if ((Get-Value $service.OP_KEY 'Start').Data -ne '0x2') { Set-Value $service.OP_KEY 'Start' 'REG_DWORD' '0x2' }
        Start-Service AppIDSvc -ErrorAction SilentlyContinue
    }
    $effective = [string](Get-AppLockerPolicy -Effective -Xml)
    if ($effective -eq '') { throw 'read-back-empty' }
    if ($effective -notmatch '5ed0b7000011') { throw 'read-back-differs' }
    if ([string](Get-Service AppIDSvc).Status -ne 'Running') { throw 'appid-service-not-running' }
}

function Find-Policy([string]$Id) {
    $all = & "$System32\CiTool.exe" -lp -json | Out-String
    if ($all.Trim() -eq '') { throw 'read-back-empty' }
    return @((ConvertFrom-Json $all).Policies | Where-Object { ('{' + $_.PolicyID.Trim('{}') + '}') -eq $Id })
}

function Op-app_control_policy($O, $Mode) {
    $state = Read-State $O.OP
    if ($Mode -eq 'undo') {
        if ($state -eq $null) { return 'nothing-saved' }
        [void](& "$System32\CiTool.exe" -rp $state.Data -json)
        if ((Find-Policy $state.Data).Count -ne 0) { throw 'undo-failed' }
        Forget-State $O.OP
        return 'restored'
    }
    if ($Mode -eq 'set' -and $state -eq $null) {
        # Windows carries the example policy; in audit mode it only writes events.
        $xml = Join-Path $Folder ($O.OP + '-policy.xml')
        Copy-Item -LiteralPath "$env:SystemRoot\schemas\CodeIntegrity\ExamplePolicies\DefaultWindows_Audit.xml" -Destination $xml -Force
        [void](Set-CIPolicyIdInfo -FilePath $xml -PolicyName "Redoubt-$Plan" -ResetPolicyID)
        $id = ([xml](Get-Content -LiteralPath $xml)).SiPolicy.PolicyID
        $binary = Join-Path $Folder ($id + '.cip')
        [void](ConvertFrom-CIPolicy -XmlFilePath $xml -BinaryFilePath $binary)
        Save-State $O.OP @{ State = 'absent'; Type = ''; Data = $id }
        [void](& "$System32\CiTool.exe" -up $binary -json)
        $state = Read-State $O.OP
    }
    if ($state -eq $null) { throw 'read-back-absent' }
    if ((Find-Policy $state.Data).Count -eq 0) { throw 'read-back-absent' }
}

# ---- checks, run, result ---------------------------------------------------------------------------

function Get-Refusal {
    if ($env:PROCESSOR_ARCHITEW6432) { return 7, '32-bit-shell' }
    $who = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $who.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) { return 6, 'no-administrator' }
    $key = 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $found = (Get-Value $key 'CurrentVersion').Data
    if ((Get-Value $key 'CurrentMajorVersionNumber').Data -eq '0xa') { $found = '10.0' }
    $build = [int](Get-Value $key 'CurrentBuildNumber').Data
    if ($found -ne $ExpectedNt -or $build -lt $BuildMin -or $build -gt $BuildMax) { return 3, 'wrong-system' }
    $type = (Get-Value 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions' 'ProductType').Data
    if ($type -eq '' -or ($ProductType -ne '' -and $type -ne $ProductType)) { return 4, 'wrong-role' }
    if ($NotOnDomainController -and $type -eq 'LanmanNT') { return 4, 'wrong-role' }
    $mine = ($HostName -ne '' -and $env:COMPUTERNAME -eq $HostName)
    if ($HostName -eq '' -and $ProductId -ne '') { $mine = ((Get-Value $key 'ProductId').Data -eq $ProductId) }
    if (-not $mine -and -not $AnyHost) { return 5, 'wrong-computer' }
    return 0, ''
}

function Invoke-Operation($O, [string]$Mode) {
    # What is printed is the note; a failure is thrown as its reason.
    try {
        $note = & ('Op-' + $O.KIND) $O $Mode
        return @{ State = 'ok'; Note = [string](@($note)[-1]) }
    } catch {
        $why = $_.Exception.Message -replace '[^A-Za-z0-9-]', '-'
        if ($why.Length -gt 60) { $why = $why.Substring(0, 60) }
        return @{ State = 'failed'; Note = $why }
    }
}

$refusal = Get-Refusal
[void](New-Item -ItemType Directory -Force -Path $Folder -ErrorAction SilentlyContinue)
if ($Operation -ne '') {
    # Called by the batch script for one operation: the last word printed is its answer.
    if ($refusal[0] -ne 0 -and $refusal[0] -ne 5) { 'refused'; exit $refusal[0] }
    foreach ($step in $Steps) { foreach ($o in $step.Operations) { if ($o.OP -eq $Operation) { (Invoke-Operation $o $Mode).State; exit 0 } } }
    'failed'; exit 2
}
Say 'redoubt-result=1'
Say "plan=$Plan"
Say "host=$HostName"
Say "reported-computer=$env:COMPUTERNAME"
Say "mode=$Mode"
$bad = $false
$reboot = $false
if ($refusal[0] -eq 0) {
    $order = @($Steps)
    if ($Mode -eq 'undo' -or $Mode -eq 'rollback') { [array]::Reverse($order) }
    foreach ($step in $order) {
        if ($Mode -eq 'rollback' -and -not $step.Temporary) { continue }
        $script:Changed = $false
        $state = 'ok'
        $why = ''
        if ($step.Operations.Count -eq 0) { $state = 'manual'; $why = 'by-hand' }
        Say "step.$($step.Number).action=$($step.Action)"
        $operations = @($step.Operations)
        $way = $Mode
        if ($Mode -eq 'undo' -or $Mode -eq 'rollback') { [array]::Reverse($operations); $way = 'undo' }
        foreach ($o in $operations) {
            $result = Invoke-Operation $o $way
            if ($result.Note -eq 'not-checked') { $result.State = 'not-checked'; $result.Note = '' }
            Say "op.$($o.OP)=$($result.State)"
            if ($result.State -eq 'failed') { Say "op.$($o.OP).why=$($result.Note)"; $state = 'failed'; $why = $result.Note }
            elseif ($result.Note -ne '') { Say "op.$($o.OP).note=$($result.Note)" }
        }
        Say "step.$($step.Number)=$state"
        if ($why -ne '') { Say "step.$($step.Number).why=$why" }
        if ($state -eq 'failed') { $bad = $true }
        elseif ($step.Reboot -and $script:Changed) { $reboot = $true }
        Write-Host "Step $($step.Number) $($step.Action): $state $why"
    }
    $verdict = @{ set = 'done'; verify = 'verified'; undo = 'undone'; rollback = 'rolled-back' }[$Mode]
    $code = 0
    if ($reboot) { $verdict = 'pending-reboot'; $code = 10 }
    if ($bad) { $verdict = 'failed'; $code = 1 }
} else {
    $verdict = 'refused'
    $code = $refusal[0]
    Say "refusal=$($refusal[1])"
    Write-Host "REFUSED: $($refusal[1]). Nothing was changed."
}
Say "result=$verdict"
Say "exit=$code"
Say 'end=redoubt-result'
$name = "redoubt-result-$Plan-$FileHost.txt"
$here = Split-Path -Parent $MyInvocation.MyCommand.Path
foreach ($place in $Folder, $here) {
    try { [IO.File]::WriteAllLines((Join-Path $place $name), [string[]]$Lines, [Text.Encoding]::ASCII) } catch { Write-Host "no result file in $place" }
}
Write-Host "Result: $verdict"
exit $code
