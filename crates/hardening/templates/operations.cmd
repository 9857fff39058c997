rem ---- registry: absent is a state, no answer is a failure -----------------------------------

:reg_get
rem Reads OP_NAME of OP_KEY into RG_STATE (present, absent, empty, error), RG_TYPE, RG_DATA.
set "RG_STATE=error"
set "RG_TYPE="
set "RG_DATA="
"%RD_REG%" query "%OP_KEY%" /v "%OP_NAME%" >"%RD_DIR%\q.tmp" 2>nul
set "RD_RC=%errorlevel%"
if "%RD_RC%"=="1" set "RG_STATE=absent"
if not "%RD_RC%"=="0" exit /b 0
set "RG_STATE=empty"
for /f "usebackq tokens=1,2,*" %%a in ("%RD_DIR%\q.tmp") do if /i "%%~a"=="%OP_NAME%" set "RG_TYPE=%%b"
for /f "usebackq tokens=1,2,*" %%a in ("%RD_DIR%\q.tmp") do if /i "%%~a"=="%OP_NAME%" set "RG_DATA=%%c"
if defined RG_TYPE set "RG_STATE=present"
exit /b 0

:key_get
rem Sets RG_STATE for the key OP_KEY itself; the listing stays in q.tmp.
set "RG_STATE=error"
"%RD_REG%" query "%OP_KEY%" >"%RD_DIR%\q.tmp" 2>nul
set "RD_RC=%errorlevel%"
if "%RD_RC%"=="1" set "RG_STATE=absent"
if "%RD_RC%"=="0" set "RG_STATE=present"
exit /b 0

:reg_save
rem Saves the prior value once, as the file %1.sav; a second run keeps what the first one saved.
if exist "%RD_DIR%\%~1.sav" exit /b 0
call :reg_get
if "%RG_STATE%"=="error" exit /b 1
if "%RG_STATE%"=="empty" exit /b 1
:state_write
set "SV_STATE=%RG_STATE%"
set "SV_TYPE=%RG_TYPE%"
set "SV_DATA=%RG_DATA%"
>"%RD_DIR%\%~1.tmp" set SV_
if not exist "%RD_DIR%\%~1.tmp" exit /b 1
move /y "%RD_DIR%\%~1.tmp" "%RD_DIR%\%~1.sav" >nul
if not exist "%RD_DIR%\%~1.sav" exit /b 1
exit /b 0

:state_read
rem Reads %1.sav into SV_STATE, SV_TYPE, SV_DATA; errorlevel 1 when nothing was saved.
set "SV_STATE="
set "SV_TYPE="
set "SV_DATA="
if not exist "%RD_DIR%\%~1.sav" exit /b 1
for /f "usebackq tokens=1,* delims==" %%a in ("%RD_DIR%\%~1.sav") do (
  if "%%a"=="SV_STATE" set "SV_STATE=%%b"
  if "%%a"=="SV_TYPE" set "SV_TYPE=%%b"
  if "%%a"=="SV_DATA" set "SV_DATA=%%b"
)
if not defined SV_STATE exit /b 1
exit /b 0

:reg_restore
rem Restores or deletes exactly; errorlevel 1 when that did not work, 2 when nothing was saved.
call :state_read %1
if errorlevel 1 exit /b 2
if "%SV_STATE%"=="absent" goto :reg_restore_absent
rem A backslash before the closing quote would swallow it.
set "SV_ARGUMENT=%SV_DATA%"
if "%SV_DATA:~-1%"=="\" set "SV_ARGUMENT=%SV_DATA%\"
"%RD_REG%" add "%OP_KEY%" /v "%OP_NAME%" /t %SV_TYPE% /d "%SV_ARGUMENT%" /f >nul 2>&1
set "RD_CHANGED=1"
call :reg_get
if not "%RG_STATE%"=="present" exit /b 1
if not "%RG_TYPE%"=="%SV_TYPE%" exit /b 1
if not "%RG_DATA%"=="%SV_DATA%" exit /b 1
del /q "%RD_DIR%\%~1.sav" >nul 2>&1
exit /b 0
:reg_restore_absent
call :reg_get
if "%RG_STATE%"=="present" set "RD_CHANGED=1"
if "%RG_STATE%"=="present" "%RD_REG%" delete "%OP_KEY%" /v "%OP_NAME%" /f >nul 2>&1
call :reg_get
if not "%RG_STATE%"=="absent" exit /b 1
del /q "%RD_DIR%\%~1.sav" >nul 2>&1
exit /b 0

:reg_set
rem Leaves alone what is right already, so that a second run asks for no second restart.
call :reg_expect
if not errorlevel 1 exit /b 0
set "RD_CHANGED=1"
"%RD_REG%" add "%OP_KEY%" /v "%OP_NAME%" /t %OP_TYPE% /d "%OP_DATA%" /f >nul 2>&1
exit /b 0

:reg_expect
rem The read-back: type and data must be what was set.
call :reg_get
if not "%RG_STATE%"=="present" exit /b 1
if /i not "%RG_TYPE%"=="%OP_TYPE%" exit /b 1
if /i not "%RG_DATA%"=="%OP_DATA%" exit /b 1
exit /b 0

:undone
rem Says how an undo went, by the errorlevel in %1.
if "%~1"=="0" goto :undone_restored
if "%~1"=="2" goto :undone_nothing
call :bad undo-failed
exit /b 1
:undone_restored
call :good restored
exit /b 0
:undone_nothing
call :good nothing-saved
exit /b 0

:op_registry_key
if "%RD_MODE%"=="undo" goto :registry_key_undo
if "%RD_MODE%"=="verify" goto :registry_key_check
if exist "%RD_DIR%\%OP%.sav" goto :registry_key_set
call :key_get
set "RG_TYPE="
set "RG_DATA="
if "%RG_STATE%"=="error" goto :save_failed
call :state_write %OP%
if errorlevel 1 goto :save_failed
:registry_key_set
call :key_get
if "%RG_STATE%"=="present" goto :registry_key_check
"%RD_REG%" add "%OP_KEY%" /f >nul 2>&1
rem Some reg.exe give a new key an empty default value; the key was to be made, nothing in it.
"%RD_REG%" delete "%OP_KEY%" /ve /f >nul 2>&1
:registry_key_check
call :key_get
if not "%RG_STATE%"=="present" goto :readback_failed
call :good
exit /b 0
:registry_key_undo
call :state_read %OP%
if errorlevel 1 goto :undone_nothing
if not "%SV_STATE%"=="absent" goto :registry_key_undone
call :key_get
if "%RG_STATE%"=="absent" goto :registry_key_undone
set "RD_EMPTY=1"
for /f "usebackq delims=" %%a in ("%RD_DIR%\q.tmp") do if /i not "%%a"=="%OP_KEY%" if not "%%a"=="! REG.EXE VERSION 3.0" set "RD_EMPTY="
rem Somebody else has put something in it since: it is theirs now.
if not defined RD_EMPTY goto :registry_key_undone
"%RD_REG%" delete "%OP_KEY%" /f >nul 2>&1
call :key_get
if "%RG_STATE%"=="present" goto :undo_failed
:registry_key_undone
del /q "%RD_DIR%\%OP%.sav" >nul 2>&1
call :good restored
exit /b 0

:save_failed
call :bad prior-state-not-readable
exit /b 1
:readback_failed
call :bad read-back-%RG_STATE%
exit /b 1
:undo_failed
call :bad undo-failed
exit /b 1

:op_registry_value
if "%RD_MODE%"=="undo" goto :registry_value_undo
if "%RD_MODE%"=="verify" goto :registry_value_check
call :reg_save %OP%
if errorlevel 1 goto :save_failed
call :reg_set
:registry_value_check
call :reg_expect
if errorlevel 1 goto :readback_failed
call :good
exit /b 0
:registry_value_undo
call :reg_restore %OP%
call :undone %errorlevel%
exit /b 0

:op_registry_value_per_interface
set "RD_PARENT=%OP_KEY%"
set "RD_COUNT=0"
set "RD_WRONG="
"%RD_REG%" query "%RD_PARENT%" >"%RD_DIR%\i.tmp" 2>nul
for /f "usebackq delims=" %%a in ("%RD_DIR%\i.tmp") do call :interface_line "%%~nxa"
if "%RD_COUNT%"=="0" goto :no_interface
if defined RD_WRONG goto :interface_failed
call :good interfaces-%RD_COUNT%
exit /b 0
:no_interface
call :bad read-back-empty
exit /b 1
:interface_failed
call :bad %RD_WRONG%
exit /b 1
:interface_line
for /f "tokens=1 delims={" %%p in ("%~1") do if /i "%%p"=="%OP_PREFIX%" call :interface "%~1"
exit /b 0
:interface
set "OP_KEY=%RD_PARENT%\%~1"
set /a RD_COUNT+=1
if "%RD_MODE%"=="undo" goto :interface_undo
if "%RD_MODE%"=="verify" goto :interface_check
call :reg_save %OP%-%~1
if errorlevel 1 goto :interface_not_saved
call :reg_set
:interface_check
call :reg_expect
if errorlevel 1 set "RD_WRONG=read-back-%RG_STATE%"
exit /b 0
:interface_not_saved
set "RD_WRONG=prior-state-not-readable"
exit /b 1
:interface_undo
call :reg_restore %OP%-%~1
if "%errorlevel%"=="1" set "RD_WRONG=undo-failed"
exit /b 0

rem ---- services ------------------------------------------------------------------------------

:sc_state
rem SC_STATE is the state's number: 1 stopped, 4 running. Found by position, as the words are translated.
set "SC_STATE="
set "SC_LINE=0"
"%RD_SC%" query "%OP_SERVICE%" >"%RD_DIR%\q.tmp" 2>nul
for /f "usebackq tokens=1,* delims=:" %%a in ("%RD_DIR%\q.tmp") do call :sc_line "%%b"
exit /b 0
:sc_line
set /a SC_LINE+=1
if not "%SC_LINE%"=="3" exit /b 0
for /f "tokens=1" %%s in ("%~1") do set "SC_STATE=%%s"
exit /b 0

:op_service
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\%OP_SERVICE%"
call :key_get
if "%RG_STATE%"=="absent" goto :service_absent
set "OP_NAME=Start"
set "OP_TYPE=REG_DWORD"
set "OP_DATA=0x4"
if "%RD_MODE%"=="undo" goto :service_undo
if "%RD_MODE%"=="verify" goto :service_check
set "OP_NAME=DelayedAutoStart"
call :reg_save %OP%-delayed
if errorlevel 1 goto :save_failed
set "OP_NAME=Start"
call :reg_save %OP%-start
if errorlevel 1 goto :save_failed
if exist "%RD_DIR%\%OP%-running.sav" goto :service_set
call :sc_state
if not defined SC_STATE goto :service_no_answer
set "RG_STATE=%SC_STATE%"
set "RG_TYPE="
set "RG_DATA="
call :state_write %OP%-running
if errorlevel 1 goto :save_failed
:service_set
call :reg_expect
if errorlevel 1 set "RD_CHANGED=1"
"%RD_SC%" config "%OP_SERVICE%" start= disabled >nul 2>&1
rem Where sc cannot, the registry can; the service manager takes it at the next start.
call :reg_set
if defined OP_STOP "%RD_SYS%\net.exe" stop "%OP_SERVICE%" /y >nul 2>&1
:service_check
call :reg_expect
if errorlevel 1 goto :readback_failed
if not defined OP_STOP goto :service_good
set "RD_TRIES=0"
:service_wait
call :sc_state
if "%SC_STATE%"=="1" goto :service_good
if not defined SC_STATE goto :service_no_answer
if "%RD_MODE%"=="verify" goto :service_runs
set /a RD_TRIES+=1
if %RD_TRIES% GEQ 15 goto :service_runs
"%RD_SYS%\ping.exe" -n 2 127.0.0.1 >nul 2>&1
goto :service_wait
:service_good
call :good
exit /b 0
:service_absent
call :good service-absent
exit /b 0
:service_no_answer
call :bad read-back-empty
exit /b 1
:service_runs
call :bad service-still-runs
exit /b 1
:service_undo
call :state_read %OP%-start
if errorlevel 1 goto :undone_nothing
set "RD_WORD="
if "%SV_DATA%"=="0x0" set "RD_WORD=boot"
if "%SV_DATA%"=="0x1" set "RD_WORD=system"
if "%SV_DATA%"=="0x2" set "RD_WORD=auto"
if "%SV_DATA%"=="0x3" set "RD_WORD=demand"
if "%SV_DATA%"=="0x4" set "RD_WORD=disabled"
if defined RD_WORD "%RD_SC%" config "%OP_SERVICE%" start= %RD_WORD% >nul 2>&1
call :reg_restore %OP%-start
if not "%errorlevel%"=="0" goto :undo_failed
set "OP_NAME=DelayedAutoStart"
call :reg_restore %OP%-delayed
if "%errorlevel%"=="1" goto :undo_failed
call :state_read %OP%-running
if "%SV_STATE%"=="4" "%RD_SYS%\net.exe" start "%OP_SERVICE%" >nul 2>&1
if exist "%RD_DIR%\%OP%-running.sav" del /q "%RD_DIR%\%OP%-running.sav" >nul 2>&1
call :good restored
exit /b 0

rem ---- read-backs that change nothing --------------------------------------------------------

:op_listener
rem Only after the restart: nobody may listen on TCP port OP_PORT. Found by the peer 0.0.0.0:0 or [::]:0, not by a word.
if not "%RD_MODE%"=="verify" goto :listener_later
set "RD_ANSWER="
set "RD_LISTENS="
"%RD_SYS%\netstat.exe" -an >"%RD_DIR%\q.tmp" 2>nul
for /f "usebackq tokens=1,2,3" %%a in ("%RD_DIR%\q.tmp") do call :listener_line "%%a" "%%b" "%%c"
if not defined RD_ANSWER goto :service_no_answer
if defined RD_LISTENS call :bad still-listening
if defined RD_LISTENS exit /b 1
call :good
exit /b 0
:listener_line
set "RD_ANSWER=1"
if /i not "%~1"=="TCP" exit /b 0
if "%~2"=="[::]:%OP_PORT%" set "RD_LISTENS=1"
if not "%~3"=="0.0.0.0:0" exit /b 0
for /f "tokens=2 delims=:" %%p in ("%~2") do if "%%p"=="%OP_PORT%" set "RD_LISTENS=1"
exit /b 0
:listener_later
call :not_checked by-verify-after-restart
exit /b 0

:op_canary
rem A program outside the listed folders must not run. Administrators are exempt, so only an ordinary user can prove it.
call :not_checked needs-an-ordinary-user
exit /b 0

rem ---- the restart boundary ------------------------------------------------------------------

:restart_later
rem The change is made; it counts from the next start on.
if defined RD_CHANGED if not "%RD_STEP_STATE%"=="failed" set "RD_REBOOT=1"
exit /b 0
