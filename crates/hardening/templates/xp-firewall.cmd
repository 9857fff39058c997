rem ---- Windows Firewall of XP SP2 and later: on, and no exception for the port ----------------

:op_xp_firewall
set "RD_POLICY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
set "RD_WRONG="
if "%RD_MODE%"=="undo" goto :xp_firewall_undo
if "%RD_MODE%"=="verify" goto :xp_firewall_check
for %%p in (DomainProfile StandardProfile) do call :xp_profile_save %%p
if defined RD_WRONG goto :save_failed
"%RD_NETSH%" firewall set opmode mode=enable exceptions=enable profile=all >nul 2>&1
if defined OP_FILE_SHARING "%RD_NETSH%" firewall set service type=fileandprint mode=disable profile=all >nul 2>&1
if defined OP_REMOTE_DESKTOP "%RD_NETSH%" firewall set service type=remotedesktop mode=disable profile=all >nul 2>&1
for %%q in (%OP_PORTS%) do for /f "tokens=1,2 delims=-" %%r in ("%%q") do "%RD_NETSH%" firewall delete portopening protocol=%%r port=%%s profile=all >nul 2>&1
:xp_firewall_check
for %%p in (DomainProfile StandardProfile) do call :xp_profile_check %%p
if defined RD_WRONG call :bad %RD_WRONG%
if defined RD_WRONG exit /b 1
set "OP_SERVICE=sharedaccess"
call :sc_state
if not defined SC_STATE goto :service_no_answer
if not "%SC_STATE%"=="4" call :bad firewall-service-not-running
if not "%SC_STATE%"=="4" exit /b 1
call :good
exit /b 0
:xp_firewall_undo
if not exist "%RD_DIR%\%OP%-StandardProfile-on.sav" goto :undone_nothing
for %%p in (DomainProfile StandardProfile) do call :xp_profile_undo %%p
if defined RD_WRONG goto :undo_failed
rem The firewall reads its lists when it starts.
"%RD_SYS%\net.exe" stop sharedaccess /y >nul 2>&1
"%RD_SYS%\net.exe" start sharedaccess >nul 2>&1
call :good restored
exit /b 0
:xp_profile_save
set "OP_KEY=%RD_POLICY%\%~1"
set "OP_NAME=EnableFirewall"
call :reg_save %OP%-%~1-on
if errorlevel 1 set "RD_WRONG=1"
set "OP_KEY=%RD_POLICY%\%~1\GloballyOpenPorts\List"
for %%q in (%OP_PORTS%) do call :xp_port_save %~1 %%q
exit /b 0
:xp_port_save
call :xp_port_name %2
call :reg_save %OP%-%~1-%~2
if errorlevel 1 set "RD_WRONG=1"
exit /b 0
:xp_port_name
for /f "tokens=1,2 delims=-" %%r in ("%~1") do set "OP_NAME=%%s:%%r"
exit /b 0
:xp_profile_check
set "OP_KEY=%RD_POLICY%\%~1"
set "OP_NAME=EnableFirewall"
set "OP_TYPE=REG_DWORD"
set "OP_DATA=0x1"
call :reg_expect
if errorlevel 1 set "RD_WRONG=read-back-%RG_STATE%"
set "OP_KEY=%RD_POLICY%\%~1\GloballyOpenPorts\List"
for %%q in (%OP_PORTS%) do call :xp_port_check %%q
exit /b 0
:xp_port_check
call :xp_port_name %1
call :reg_get
if "%RG_STATE%"=="absent" exit /b 0
rem An exception reads 445:TCP:scope:Enabled:name
for /f "tokens=4 delims=:" %%m in ("%RG_DATA%") do if /i "%%m"=="Disabled" exit /b 0
set "RD_WRONG=exception-for-port"
exit /b 0
:xp_profile_undo
set "OP_KEY=%RD_POLICY%\%~1\GloballyOpenPorts\List"
for %%q in (%OP_PORTS%) do call :xp_port_undo %~1 %%q
set "OP_KEY=%RD_POLICY%\%~1"
set "OP_NAME=EnableFirewall"
call :reg_restore %OP%-%~1-on
if "%errorlevel%"=="1" set "RD_WRONG=1"
exit /b 0
:xp_port_undo
call :xp_port_name %2
call :reg_restore %OP%-%~1-%~2
if "%errorlevel%"=="1" set "RD_WRONG=1"
exit /b 0
