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
