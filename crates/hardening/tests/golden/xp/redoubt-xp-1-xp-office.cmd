@echo off
rem Redoubt hardening script. It changes nothing before it has saved the prior state.
rem Plan: xp-1
rem Host: XP-OFFICE
rem It changes:
rem   step 1: block-port (xp-firewall) tcp/139, tcp/445, udp/137, udp/138 - against eternalblue, temporary
rem   step 2: smb-over-tcp-off (netbt-parameter) SMBDeviceEnabled - against eternalblue
rem   step 3: netbios-off (per-interface) NetbiosOptions - against eternalblue
rem   step 4: install KB4012598 - against eternalblue
rem   step 5: verify, by hand - against eternalblue
rem   step 6: roll back the temporary changes, by hand with mode rollback - against eternalblue
rem Saved state and result: %SystemRoot%\Redoubt\xp-1
setlocal enableextensions disabledelayedexpansion
set "RD_PLAN=xp-1"
set "RD_HOST=XP-OFFICE"
set "RD_FILEHOST=xp-office"
set "RD_PRODUCT_ID="
set "RD_NT=5.1"
set "RD_BUILD_MIN=2600"
set "RD_BUILD_MAX=2600"
set "RD_TYPE=WinNT"
set "RD_ARCH=x64"
set "RD_NOT_ON_DC=1"
goto :main

:usage
echo Usage: "%~nx0" set ^| verify ^| undo ^| rollback  [/anyhost]
echo   set       saves the prior state, makes the changes of plan %RD_PLAN%, reads them back
echo   verify    changes nothing; reads back what the plan wants
echo   undo      restores the saved prior state, last change first
echo   rollback  the same for the temporary changes only
echo   /anyhost  runs on a computer with another name; system and role are checked all the same
echo Exit codes: 0 done, 1 a read-back failed, 2 usage, 3 wrong system, 4 wrong role, 5 wrong computer,
echo   6 no administrator rights, 7 a needed program is missing, 8 no place for the saved state, 10 restart, then run again
exit /b 2

:main
set "RD_MODE="
set "RD_ANYHOST="
set "RD_BAD="
set "RD_STOP="
set "RD_REBOOT="
:arguments
if "%~1"=="" goto :arguments_done
if /i "%~1"=="set" set "RD_MODE=set"
if /i "%~1"=="verify" set "RD_MODE=verify"
if /i "%~1"=="undo" set "RD_MODE=undo"
if /i "%~1"=="rollback" set "RD_MODE=rollback"
if /i "%~1"=="/anyhost" set "RD_ANYHOST=1"
shift /1
goto :arguments
:arguments_done
if not defined RD_MODE goto :usage
set "RD_SYS=%SystemRoot%\system32"
set "RD_HERE=%~dp0"
set "RD_DIR=%SystemRoot%\Redoubt\%RD_PLAN%"
set "RD_RESULT=redoubt-result-%RD_PLAN%-%RD_FILEHOST%.txt"
set "RD_OUT="
echo Redoubt plan %RD_PLAN% for host %RD_HOST%, mode %RD_MODE%

rem A 32-bit shell on 64-bit Windows sees another registry than the system does.
if defined PROCESSOR_ARCHITEW6432 call :refuse 7 32-bit-shell
if defined RD_EXIT goto :leave
set "RD_REG=%RD_SYS%\reg.exe"
if not exist "%RD_REG%" set "RD_REG=%ProgramFiles%\Support Tools\reg.exe"
if not exist "%RD_REG%" set "RD_REG=%RD_HERE%tools\reg.exe"
set "RD_SC=%RD_SYS%\sc.exe"
if not exist "%RD_SC%" set "RD_SC=%ProgramFiles%\Resource Kit\sc.exe"
if not exist "%RD_SC%" set "RD_SC=%RD_HERE%tools\sc.exe"
set "RD_NETSH=%RD_SYS%\netsh.exe"
set "RD_POWERSHELL=%RD_SYS%\WindowsPowerShell\v1.0\powershell.exe"
set "RD_DISM=%RD_SYS%\dism.exe"
set "RD_CSCRIPT=%RD_SYS%\cscript.exe"
set "RD_IISEXT=%RD_SYS%\iisext.vbs"
set "RD_RUNDLL32=%RD_SYS%\rundll32.exe"
set "RD_CITOOL=%RD_SYS%\CiTool.exe"
set "RD_IPSECCMD=%ProgramFiles%\Support Tools\ipseccmd.exe"
if not exist "%RD_IPSECCMD%" set "RD_IPSECCMD=%RD_HERE%tools\ipseccmd.exe"
set "RD_IPSECPOL=%ProgramFiles%\Resource Kit\ipsecpol.exe"
if not exist "%RD_IPSECPOL%" set "RD_IPSECPOL=%RD_HERE%tools\ipsecpol.exe"
if not exist "%RD_REG%" call :refuse 7 no-reg
if defined RD_EXIT goto :leave

rem Only an administrator can make this folder; an ordinary user cannot plant a saved state in it.
md "%RD_DIR%" >nul 2>&1
if not exist "%RD_DIR%\." call :refuse 6 no-administrator
if defined RD_EXIT goto :leave
set "OP_PROBE=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\RedoubtProbe"
"%RD_REG%" add "%OP_PROBE%" /f >nul 2>&1
if errorlevel 1 call :refuse 6 no-administrator
if defined RD_EXIT goto :leave
"%RD_REG%" delete "%OP_PROBE%" /f >nul 2>&1
echo probe>"%RD_DIR%\q.tmp"
if not exist "%RD_DIR%\q.tmp" call :refuse 8 no-state-folder
if defined RD_EXIT goto :leave

call :check_system
if defined RD_EXIT goto :leave
call :check_role
if defined RD_EXIT goto :leave
call :check_computer
if defined RD_EXIT goto :leave
call :check_tools
if defined RD_EXIT goto :leave

set "RD_OUT=%RD_DIR%\result.tmp"
call :result_head
if "%RD_MODE%"=="set" call :run_forward
if "%RD_MODE%"=="verify" call :run_forward
set "RD_ONLY_TEMPORARY="
if "%RD_MODE%"=="rollback" set "RD_ONLY_TEMPORARY=1"
if "%RD_MODE%"=="rollback" set "RD_MODE=undo"
if "%RD_MODE%"=="undo" call :run_backward
if defined RD_ONLY_TEMPORARY set "RD_MODE=rollback"

set "RD_EXIT=0"
set "RD_VERDICT=done"
if "%RD_MODE%"=="verify" set "RD_VERDICT=verified"
if "%RD_MODE%"=="undo" set "RD_VERDICT=undone"
if "%RD_MODE%"=="rollback" set "RD_VERDICT=rolled-back"
if defined RD_REBOOT set "RD_VERDICT=pending-reboot"
if defined RD_REBOOT set "RD_EXIT=10"
if defined RD_BAD set "RD_VERDICT=failed"
if defined RD_BAD set "RD_EXIT=1"
call :result_foot
goto :leave

:leave
if exist "%RD_DIR%\q.tmp" del /q "%RD_DIR%\q.tmp" >nul 2>&1
if exist "%RD_DIR%\i.tmp" del /q "%RD_DIR%\i.tmp" >nul 2>&1
exit /b %RD_EXIT%

rem ---- refusals and results ------------------------------------------------------------------

:refuse
set "RD_EXIT=%~1"
set "RD_VERDICT=refused"
echo REFUSED: %~2. Nothing was changed.
set "RD_OUT=%RD_HERE%%RD_RESULT%"
call :result_head
>>"%RD_OUT%" echo refusal=%~2
>>"%RD_OUT%" echo result=refused
>>"%RD_OUT%" echo exit=%RD_EXIT%
>>"%RD_OUT%" echo end=redoubt-result
exit /b 0

:result_head
>"%RD_OUT%" echo redoubt-result=1
>>"%RD_OUT%" echo plan=%RD_PLAN%
>>"%RD_OUT%" echo host=%RD_HOST%
set "reported-computer=%COMPUTERNAME%"
>>"%RD_OUT%" set reported-computer
>>"%RD_OUT%" echo mode=%RD_MODE%
if defined RD_FOUND_NT >>"%RD_OUT%" echo system=%RD_FOUND_NT%.%RD_FOUND_BUILD%
if defined RD_FOUND_TYPE >>"%RD_OUT%" echo product-type=%RD_FOUND_TYPE%
exit /b 0

:result_foot
>>"%RD_OUT%" echo result=%RD_VERDICT%
>>"%RD_OUT%" echo exit=%RD_EXIT%
>>"%RD_OUT%" echo end=redoubt-result
move /y "%RD_OUT%" "%RD_DIR%\%RD_RESULT%" >nul
copy /y "%RD_DIR%\%RD_RESULT%" "%RD_HERE%%RD_RESULT%" >nul 2>&1
echo Result: %RD_VERDICT%. See "%RD_DIR%\%RD_RESULT%"
if defined RD_REBOOT echo RESTART the computer, then run this script again: set, or verify when all steps were done.
exit /b 0

:begin
set "RD_STEP=%~1"
set "RD_STEP_STATE=ok"
set "RD_STEP_WHY="
set "RD_CHANGED="
echo Step %~1: %~2
>>"%RD_OUT%" echo step.%~1.action=%~2
exit /b 0

:end
>>"%RD_OUT%" echo step.%RD_STEP%=%RD_STEP_STATE%
if defined RD_STEP_WHY >>"%RD_OUT%" echo step.%RD_STEP%.why=%RD_STEP_WHY%
if "%RD_STEP_STATE%"=="failed" set "RD_BAD=1"
echo   %RD_STEP_STATE% %RD_STEP_WHY%
exit /b 0

:good
>>"%RD_OUT%" echo op.%OP%=ok
if not "%~1"=="" >>"%RD_OUT%" echo op.%OP%.note=%~1
exit /b 0

:not_checked
>>"%RD_OUT%" echo op.%OP%=not-checked
>>"%RD_OUT%" echo op.%OP%.note=%~1
exit /b 0

:bad
set "RD_STEP_STATE=failed"
set "RD_STEP_WHY=%~1"
echo   operation %OP%: %~1
>>"%RD_OUT%" echo op.%OP%=failed
>>"%RD_OUT%" echo op.%OP%.why=%~1
exit /b 1

:by_hand
set "RD_STEP_STATE=manual"
set "RD_STEP_WHY=%~1"
exit /b 0

rem ---- checks before anything is touched -----------------------------------------------------

:check_system
set "OP_KEY=HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
set "OP_NAME=CurrentVersion"
call :reg_get
set "RD_FOUND_NT=%RG_DATA%"
rem Windows 10 and later still say 6.3 there; the true number is in two values of their own.
set "OP_NAME=CurrentMajorVersionNumber"
call :reg_get
if "%RG_DATA%"=="0xa" set "RD_FOUND_NT=10.0"
set "OP_NAME=CurrentBuildNumber"
call :reg_get
set "RD_FOUND_BUILD=%RG_DATA%"
if not defined RD_FOUND_NT goto :wrong_system
if not defined RD_FOUND_BUILD goto :wrong_system
if not "%RD_FOUND_NT%"=="%RD_NT%" goto :wrong_system
if %RD_FOUND_BUILD% LSS %RD_BUILD_MIN% goto :wrong_system
if %RD_FOUND_BUILD% GTR %RD_BUILD_MAX% goto :wrong_system
exit /b 0
:wrong_system
echo This script is for Windows NT %RD_NT%, builds %RD_BUILD_MIN% to %RD_BUILD_MAX%.
call :refuse 3 wrong-system
exit /b 0

:check_role
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions"
set "OP_NAME=ProductType"
call :reg_get
set "RD_FOUND_TYPE=%RG_DATA%"
if not defined RD_FOUND_TYPE goto :wrong_role
if defined RD_TYPE if /i not "%RD_FOUND_TYPE%"=="%RD_TYPE%" goto :wrong_role
if defined RD_NOT_ON_DC if /i "%RD_FOUND_TYPE%"=="LanmanNT" goto :wrong_role
exit /b 0
:wrong_role
echo This script is for role %RD_TYPE%; it never touches what a domain controller needs.
call :refuse 4 wrong-role
exit /b 0

:check_computer
if defined RD_ANYHOST exit /b 0
if defined RD_HOST if /i "%COMPUTERNAME%"=="%RD_HOST%" exit /b 0
if not defined RD_PRODUCT_ID goto :wrong_computer
if defined RD_HOST goto :wrong_computer
set "OP_KEY=HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
set "OP_NAME=ProductId"
call :reg_get
if "%RG_DATA%"=="%RD_PRODUCT_ID%" exit /b 0
:wrong_computer
call :refuse 5 wrong-computer
exit /b 0

:need
if exist "%~1" exit /b 0
if defined RD_EXIT exit /b 0
echo Missing: %~1
call :refuse 7 no-%~2
exit /b 0

:check_tools
call :need "%RD_REG%" reg
call :need "%RD_SC%" sc
call :need "%RD_NETSH%" netsh
exit /b 0

:run_forward
if not defined RD_STOP call :step_1
if not defined RD_STOP call :step_2
if not defined RD_STOP call :step_3
if not defined RD_STOP call :step_4
if not defined RD_STOP call :step_5
if not defined RD_STOP call :step_6
exit /b 0

:run_backward
if not defined RD_ONLY_TEMPORARY call :undo_6
if not defined RD_ONLY_TEMPORARY call :undo_5
if not defined RD_ONLY_TEMPORARY call :undo_4
if not defined RD_ONLY_TEMPORARY call :undo_3
if not defined RD_ONLY_TEMPORARY call :undo_2
call :undo_1
exit /b 0

rem ---- step 1: block-port (xp-firewall) tcp/139, tcp/445, udp/137, udp/138 - against eternalblue, temporary
:step_1
call :begin 1 "block-port"
call :op_1_1
call :end
exit /b 0
:undo_1
call :begin 1 "block-port"
call :op_1_1
call :end
exit /b 0
:op_1_1
set "OP=1-1"
set "OP_PORTS=TCP-139 TCP-445 UDP-137 UDP-138"
set "OP_FILE_SHARING=1"
set "OP_REMOTE_DESKTOP="
goto :op_xp_firewall

rem ---- step 2: smb-over-tcp-off (netbt-parameter) SMBDeviceEnabled - against eternalblue
:step_2
call :begin 2 "smb-over-tcp-off"
call :op_2_1
call :op_2_2
call :op_2_3
call :restart_later
call :end
exit /b 0
:undo_2
call :begin 2 "smb-over-tcp-off"
call :op_2_3
call :op_2_2
call :op_2_1
call :restart_later
call :end
exit /b 0
:op_2_1
set "OP=2-1"
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\NetBT\Parameters"
goto :op_registry_key
:op_2_2
set "OP=2-2"
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\NetBT\Parameters"
set "OP_NAME=SMBDeviceEnabled"
set "OP_TYPE=REG_DWORD"
set "OP_DATA=0x0"
goto :op_registry_value
:op_2_3
set "OP=2-3"
set "OP_PORT=445"
goto :op_listener

rem ---- step 3: netbios-off (per-interface) NetbiosOptions - against eternalblue
:step_3
call :begin 3 "netbios-off"
call :op_3_1
call :op_3_2
call :end
exit /b 0
:undo_3
call :begin 3 "netbios-off"
call :op_3_2
call :op_3_1
call :end
exit /b 0
:op_3_1
set "OP=3-1"
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces"
set "OP_NAME=NetbiosOptions"
set "OP_TYPE=REG_DWORD"
set "OP_DATA=0x2"
set "OP_PREFIX=Tcpip_"
goto :op_registry_value_per_interface
:op_3_2
set "OP=3-2"
set "OP_PORT=139"
goto :op_listener

rem ---- step 4: install KB4012598 - against eternalblue
:step_4
call :begin 4 "key-patch"
call :op_4_1
call :end
exit /b 0
:undo_4
call :begin 4 "key-patch"
call :op_4_1
call :end
exit /b 0
:op_4_1
set "OP=4-1"
set "OP_KBS=4012598"
set "OP_HASHES="
set "OP_REBOOT=1"
goto :op_update

rem ---- step 5: verify, by hand - against eternalblue
:step_5
call :begin 5 "verify"
call :by_hand by-hand
call :end
exit /b 0
:undo_5
call :begin 5 "verify"
call :by_hand by-hand
call :end
exit /b 0

rem ---- step 6: roll back the temporary changes, by hand with mode rollback - against eternalblue
:step_6
call :begin 6 "roll-back"
call :by_hand run-mode-rollback
call :end
exit /b 0
:undo_6
call :begin 6 "roll-back"
call :by_hand run-mode-rollback
call :end
exit /b 0

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

rem ---- updates --------------------------------------------------------------------------------

:kb_installed
rem KB_FOUND when KB%1 is installed; KB_ANSWER when any source answered at all.
"%RD_REG%" query "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\HotFix" >"%RD_DIR%\q.tmp" 2>nul
for /f "usebackq delims=" %%a in ("%RD_DIR%\q.tmp") do call :kb_line "%%~nxa" KB%~1
set "RD_CBS=HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages"
"%RD_REG%" query "%RD_CBS%" >"%RD_DIR%\i.tmp" 2>nul
for /f "usebackq delims=" %%a in ("%RD_DIR%\i.tmp") do call :kb_package_line "%%~nxa" Package_for_KB%~1
if exist "%RD_SYS%\wbem\wmic.exe" for /f "tokens=1" %%h in ('%RD_SYS%\wbem\wmic.exe qfe get HotFixID 2^>nul ^<nul') do call :kb_line "%%h" KB%~1
exit /b 0
:kb_line
rem Only a KB number, or the heading of wmic's list, is an answer; the key's own name is none.
set "RD_WORD=%~1"
if /i "%RD_WORD%"=="HotFixID" set "KB_ANSWER=1"
if /i "%RD_WORD:~0,2%"=="KB" set "KB_ANSWER=1"
if /i "%~1"=="%~2" set "KB_FOUND=1"
exit /b 0
:kb_package_line
for /f "tokens=1 delims=~" %%p in ("%~1") do if /i "%%p"=="%~2" call :kb_package "%~1"
exit /b 0
:kb_package
set "OP_KEY=%RD_CBS%\%~1"
rem 0x70 is installed; 0x60 waits for a restart.
set "OP_NAME=CurrentState"
call :reg_get
set "KB_ANSWER=1"
if "%RG_DATA%"=="0x70" set "KB_FOUND=1"
exit /b 0

:pending_get
rem RD_PENDING when a restart is due: servicing says so, or files still wait to be replaced as they did after the installation.
set "RD_PENDING="
set "OP_KEY=HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
call :key_get
if "%RG_STATE%"=="present" set "RD_PENDING=1"
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager"
set "OP_NAME=PendingFileRenameOperations"
call :reg_get
call :state_read %OP%-renames
if "%SV_STATE%"=="present" if "%RG_STATE%"=="present" if "%RG_DATA%"=="%SV_DATA%" set "RD_PENDING=1"
exit /b 0

:op_update
set "KB_FOUND="
set "KB_ANSWER="
for %%k in (%OP_KBS%) do call :kb_installed %%k
if "%RD_MODE%"=="undo" goto :update_kept
if "%RD_MODE%"=="verify" goto :update_check
if not exist "%RD_DIR%\%OP%-renames.sav" goto :update_find
call :pending_get
if defined RD_PENDING goto :update_restart
del /q "%RD_DIR%\%OP%-renames.sav" >nul 2>&1
goto :update_check
:update_find
if defined KB_FOUND goto :update_there
set "RD_PACKAGE="
set "RD_HASH="
for %%d in ("%RD_HERE%" "%RD_HERE%packages\") do for %%k in (%OP_KBS%) do for %%e in (msu exe cab) do call :update_look "%%~d" %%k %%e
if not defined RD_PACKAGE call :bad package-not-found
if not defined RD_PACKAGE set "RD_STOP=1"
if not defined RD_PACKAGE exit /b 1
call :update_hash
if errorlevel 1 goto :update_refused
echo   installing "%RD_PACKAGE%"
set "RD_RC="
if /i "%RD_KIND%"=="msu" "%RD_SYS%\wusa.exe" "%RD_PACKAGE%" /quiet /norestart
if /i "%RD_KIND%"=="msu" call :update_rc
if /i "%RD_KIND%"=="cab" "%RD_DISM%" /online /add-package /packagepath:"%RD_PACKAGE%" /quiet /norestart
if /i "%RD_KIND%"=="cab" call :update_rc
if /i "%RD_KIND%"=="exe" "%RD_PACKAGE%" /quiet /norestart
if /i "%RD_KIND%"=="exe" call :update_rc
>>"%RD_OUT%" echo op.%OP%.installer-exit=%RD_RC%
if "%RD_RC%"=="3010" goto :update_mark
if "%RD_RC%"=="1641" goto :update_mark
if "%RD_RC%"=="2359302" goto :update_check
if "%RD_RC%"=="-2145124329" call :bad package-not-for-this-system
if "%RD_RC%"=="-2145124329" set "RD_STOP=1"
if "%RD_RC%"=="-2145124329" exit /b 1
if not "%RD_RC%"=="0" call :bad installer-failed
if not "%RD_RC%"=="0" set "RD_STOP=1"
if not "%RD_RC%"=="0" exit /b 1
if defined OP_REBOOT goto :update_mark
set "KB_FOUND="
for %%k in (%OP_KBS%) do call :kb_installed %%k
:update_check
if defined KB_FOUND goto :update_there
if not "%RD_MODE%"=="verify" set "RD_STOP=1"
if not defined KB_ANSWER goto :service_no_answer
call :bad update-not-installed
exit /b 1
:update_there
call :good installed
exit /b 0
:update_refused
rem A package that is not the known one is never started.
set "RD_STOP=1"
exit /b 1
:update_kept
call :not_checked updates-are-kept
exit /b 0
:update_mark
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager"
set "OP_NAME=PendingFileRenameOperations"
call :reg_save %OP%-renames
:update_restart
set "RD_REBOOT=1"
set "RD_STOP=1"
set "RD_STEP_STATE=pending-reboot"
call :not_checked restart-then-run-again
exit /b 0
:update_rc
set "RD_RC=%errorlevel%"
exit /b 0

:update_look
rem The first package whose name holds the KB number; one that also names the architecture wins.
for /f "delims=" %%f in ('dir /b /a-d "%~1*KB%~2*.%~3" 2^>nul') do call :update_take "%~1%%f" %~2 %~3
for /f "delims=" %%f in ('dir /b /a-d "%~1*KB%~2*%RD_ARCH%*.%~3" 2^>nul') do call :update_arch "%~1%%f" %~2 %~3
exit /b 0
:update_take
if defined RD_PACKAGE exit /b 0
:update_arch
set "RD_PACKAGE=%~1"
set "RD_KB=%~2"
set "RD_KIND=%~3"
exit /b 0

:update_hash
rem The expected SHA-256 is in OP_HASHES when it is known. Systems without certutil cannot check it; they say so.
set "RD_EXPECTED="
for %%h in (%OP_HASHES%) do call :hash_line %%h
if not defined RD_EXPECTED goto :hash_unknown
if not exist "%RD_SYS%\certutil.exe" goto :hash_unchecked
"%RD_SYS%\certutil.exe" -hashfile "%RD_PACKAGE%" SHA256 >"%RD_DIR%\q.tmp" 2>nul
set "RD_ACTUAL="
for /f "usebackq skip=1 delims=" %%a in ("%RD_DIR%\q.tmp") do if not defined RD_ACTUAL set "RD_ACTUAL=%%a"
if not defined RD_ACTUAL call :bad hash-not-readable
if not defined RD_ACTUAL exit /b 1
rem Windows 7 prints a space between the bytes.
set "RD_ACTUAL=%RD_ACTUAL: =%"
if /i not "%RD_ACTUAL%"=="%RD_EXPECTED%" call :bad hash-differs
if /i not "%RD_ACTUAL%"=="%RD_EXPECTED%" exit /b 1
>>"%RD_OUT%" echo op.%OP%.hash=verified
exit /b 0
:hash_line
for /f "tokens=1,2 delims=-" %%a in ("%~1") do if "%%a"=="%RD_KB%" set "RD_EXPECTED=%%b"
exit /b 0
:hash_unknown
echo   No known hash for "%RD_PACKAGE%": look at its digital signature (Properties, Digital Signatures) before you trust it.
>>"%RD_OUT%" echo op.%OP%.hash=unknown
exit /b 0
:hash_unchecked
echo   No program here to check the hash of "%RD_PACKAGE%": look at its digital signature before you trust it.
>>"%RD_OUT%" echo op.%OP%.hash=unchecked
exit /b 0
