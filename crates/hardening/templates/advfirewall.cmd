rem ---- Windows Firewall with Advanced Security (Vista and later) -----------------------------

:op_firewall_on
set "RD_POLICY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
set "OP_NAME=EnableFirewall"
set "OP_TYPE=REG_DWORD"
set "OP_DATA=0x1"
if "%RD_MODE%"=="undo" goto :firewall_on_undo
if "%RD_MODE%"=="verify" goto :firewall_on_check
set "RD_WRONG="
for %%p in (DomainProfile StandardProfile PublicProfile) do call :firewall_profile_save %%p
if defined RD_WRONG goto :save_failed
"%RD_NETSH%" advfirewall set allprofiles state on >nul 2>&1
:firewall_on_check
set "RD_WRONG="
for %%p in (DomainProfile StandardProfile PublicProfile) do call :firewall_profile_check %%p
if defined RD_WRONG goto :readback_failed
rem A group policy that turns the firewall off wins over what is set here.
for %%p in (DomainProfile StandardProfile PublicProfile) do call :firewall_policy_check %%p
if defined RD_WRONG call :bad group-policy-turns-it-off
if defined RD_WRONG exit /b 1
set "OP_SERVICE=mpssvc"
call :sc_state
if not defined SC_STATE goto :service_no_answer
if not "%SC_STATE%"=="4" call :bad firewall-service-not-running
if not "%SC_STATE%"=="4" exit /b 1
call :good
exit /b 0
:firewall_on_undo
set "RD_WRONG="
set "RD_NONE="
call :firewall_profile_undo DomainProfile domainprofile
call :firewall_profile_undo StandardProfile privateprofile
call :firewall_profile_undo PublicProfile publicprofile
if defined RD_WRONG goto :undo_failed
if defined RD_NONE goto :undone_nothing
call :good restored
exit /b 0
:firewall_profile_save
set "OP_KEY=%RD_POLICY%\%~1"
call :reg_save %OP%-%~1
if errorlevel 1 set "RD_WRONG=1"
exit /b 0
:firewall_profile_check
set "OP_KEY=%RD_POLICY%\%~1"
call :reg_expect
if errorlevel 1 set "RD_WRONG=1"
exit /b 0
:firewall_policy_check
set "OP_KEY=HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\WindowsFirewall\%~1"
call :reg_get
if "%RG_STATE%"=="present" if "%RG_DATA%"=="0x0" set "RD_WRONG=1"
exit /b 0
:firewall_profile_undo
set "OP_KEY=%RD_POLICY%\%~1"
call :state_read %OP%-%~1
if errorlevel 1 set "RD_NONE=1"
if not defined SV_STATE exit /b 0
if "%SV_DATA%"=="0x0" "%RD_NETSH%" advfirewall set %~2 state off >nul 2>&1
call :reg_restore %OP%-%~1
if errorlevel 1 set "RD_WRONG=1"
exit /b 0

:rule_get
rem RD_RULE is the stored rule of the name OP_RULE with everything it must say. No answer is no rule.
set "RD_RULE="
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
"%RD_REG%" query "%OP_KEY%" >"%RD_DIR%\q.tmp" 2>nul
for /f "delims=" %%a in ('%RD_SYS%\findstr.exe /i /l /c:"|Name=%OP_RULE%|" "%RD_DIR%\q.tmp"') do set "RD_RULE=1"
exit /b 0
:rule_expect
set "RD_RULE="
"%RD_REG%" query "%OP_KEY%" >"%RD_DIR%\q.tmp" 2>nul
for /f "delims=" %%a in ('%RD_SYS%\findstr.exe /i /l /c:"|Name=%OP_RULE%|" "%RD_DIR%\q.tmp" ^| %RD_SYS%\findstr.exe /i /l /c:"|Action=Block|" ^| %RD_SYS%\findstr.exe /i /l /c:"|Active=TRUE|" ^| %RD_SYS%\findstr.exe /i /l /c:"|Dir=In|" ^| %RD_SYS%\findstr.exe /i /l /c:"|Protocol=%OP_PROTOCOL_NUMBER%|" ^| %RD_SYS%\findstr.exe /i /l /c:"|LPort=%OP_PORT%|"') do set "RD_RULE=1"
exit /b 0

:op_firewall_rule
call :rule_get
if "%RD_MODE%"=="undo" goto :firewall_rule_undo
if "%RD_MODE%"=="verify" goto :firewall_rule_check
if exist "%RD_DIR%\%OP%.sav" goto :firewall_rule_set
set "RG_STATE=absent"
if defined RD_RULE set "RG_STATE=present"
set "RG_TYPE="
set "RG_DATA="
call :state_write %OP%
if errorlevel 1 goto :save_failed
:firewall_rule_set
if not defined RD_RULE "%RD_NETSH%" advfirewall firewall add rule name="%OP_RULE%" dir=in action=block protocol=%OP_PROTOCOL% localport=%OP_PORT% profile=any enable=yes >nul 2>&1
:firewall_rule_check
call :rule_expect
if not defined RD_RULE goto :service_no_answer
call :good
exit /b 0
:firewall_rule_undo
call :state_read %OP%
if errorlevel 1 goto :undone_nothing
if "%SV_STATE%"=="absent" "%RD_NETSH%" advfirewall firewall delete rule name="%OP_RULE%" >nul 2>&1
call :rule_get
if "%SV_STATE%"=="absent" if defined RD_RULE goto :undo_failed
del /q "%RD_DIR%\%OP%.sav" >nul 2>&1
call :good restored
exit /b 0
