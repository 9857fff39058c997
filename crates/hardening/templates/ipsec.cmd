rem ---- IPsec filters: a true block rule before Vista ------------------------------------------

:ipsec_assigned
rem RG_STATE tells whether some local IPsec policy is assigned already.
set "OP_KEY=HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
set "OP_NAME=ActivePolicy"
call :reg_get
exit /b 0

:policy_get
rem RD_FOUND is set when a stored policy has the name OP_POLICY.
set "RD_FOUND="
"%RD_REG%" query "HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local" /s >"%RD_DIR%\i.tmp" 2>nul
for /f "usebackq tokens=1,2,*" %%a in ("%RD_DIR%\i.tmp") do if /i "%%a"=="ipsecName" if /i "%%c"=="%OP_POLICY%" set "RD_FOUND=1"
exit /b 0

:ipsec_save
rem Only one policy can be assigned: another one is left alone.
if exist "%RD_DIR%\%OP%.sav" exit /b 0
call :ipsec_assigned
if "%RG_STATE%"=="present" call :bad another-ipsec-policy-is-assigned
if "%RG_STATE%"=="present" exit /b 1
if not "%RG_STATE%"=="absent" call :bad prior-state-not-readable
if not "%RG_STATE%"=="absent" exit /b 1
call :state_write %OP%
exit /b %errorlevel%

:ipsec_check
set "OP_SERVICE=policyagent"
call :sc_state
if not defined SC_STATE goto :service_no_answer
if not "%SC_STATE%"=="4" call :bad ipsec-service-not-running
if not "%SC_STATE%"=="4" exit /b 1
call :policy_get
if not defined RD_FOUND goto :service_no_answer
call :ipsec_assigned
if not "%RG_STATE%"=="present" goto :readback_failed
call :good
exit /b 0

:op_ipsec_static
if "%RD_MODE%"=="undo" goto :ipsec_static_undo
if "%RD_MODE%"=="verify" goto :ipsec_check
call :ipsec_save
if errorlevel 1 exit /b 1
call :policy_get
if defined RD_FOUND goto :ipsec_static_assign
"%RD_NETSH%" ipsec static add policy name="%OP_POLICY%" description="Redoubt plan %RD_PLAN%" >nul 2>&1
"%RD_NETSH%" ipsec static add filterlist name="%OP_POLICY%-ports" >nul 2>&1
for %%q in (%OP_PORTS%) do for /f "tokens=1,2 delims=-" %%r in ("%%q") do "%RD_NETSH%" ipsec static add filter filterlist="%OP_POLICY%-ports" srcaddr=any dstaddr=me protocol=%%r srcport=0 dstport=%%s mirrored=no >nul 2>&1
"%RD_NETSH%" ipsec static add filteraction name="%OP_POLICY%-block" action=block >nul 2>&1
"%RD_NETSH%" ipsec static add rule name="%OP_POLICY%-rule" policy="%OP_POLICY%" filterlist="%OP_POLICY%-ports" filteraction="%OP_POLICY%-block" >nul 2>&1
:ipsec_static_assign
"%RD_NETSH%" ipsec static set policy name="%OP_POLICY%" assign=y >nul 2>&1
goto :ipsec_check
:ipsec_static_undo
if not exist "%RD_DIR%\%OP%.sav" goto :undone_nothing
"%RD_NETSH%" ipsec static set policy name="%OP_POLICY%" assign=n >nul 2>&1
"%RD_NETSH%" ipsec static delete policy name="%OP_POLICY%" >nul 2>&1
"%RD_NETSH%" ipsec static delete filterlist name="%OP_POLICY%-ports" >nul 2>&1
"%RD_NETSH%" ipsec static delete filteraction name="%OP_POLICY%-block" >nul 2>&1
:ipsec_undone
call :policy_get
if defined RD_FOUND goto :undo_failed
call :ipsec_assigned
if "%RG_STATE%"=="present" goto :undo_failed
del /q "%RD_DIR%\%OP%.sav" >nul 2>&1
call :good restored
exit /b 0

:op_ipsec_tool
if "%RD_MODE%"=="undo" goto :ipsec_tool_undo
if "%RD_MODE%"=="verify" goto :ipsec_check
call :ipsec_save
if errorlevel 1 exit /b 1
set "RD_FILTERS="
for %%q in (%OP_PORTS%) do for /f "tokens=1,2 delims=-" %%r in ("%%q") do call :ipsec_filter %%r %%s
"%OP_TOOL%" -w REG -p "%OP_POLICY%" -r "%OP_POLICY%-rule" -f%RD_FILTERS% -n BLOCK -x >nul 2>&1
goto :ipsec_check
:ipsec_filter
set "RD_FILTERS=%RD_FILTERS% *=0:%~2:%~1"
exit /b 0
:ipsec_tool_undo
if not exist "%RD_DIR%\%OP%.sav" goto :undone_nothing
"%OP_TOOL%" -w REG -p "%OP_POLICY%" -y >nul 2>&1
"%OP_TOOL%" -w REG -p "%OP_POLICY%" -o >nul 2>&1
goto :ipsec_undone
