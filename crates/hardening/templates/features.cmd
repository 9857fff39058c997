rem ---- optional features ----------------------------------------------------------------------

:feature_get
rem FEATURE is Enabled, Disabled, Enable or Disable (pending); dism speaks English when asked to.
set "FEATURE="
"%RD_DISM%" /english /online /get-featureinfo /featurename:%OP_FEATURE% >"%RD_DIR%\q.tmp" 2>nul
for /f "usebackq tokens=1,2 delims=: " %%a in ("%RD_DIR%\q.tmp") do if /i "%%a"=="State" set "FEATURE=%%b"
exit /b 0

:op_optional_feature
if "%RD_MODE%"=="undo" goto :feature_undo
if "%RD_MODE%"=="verify" goto :feature_check
if exist "%RD_DIR%\%OP%.sav" goto :feature_set
call :feature_get
if not defined FEATURE goto :save_failed
set "RG_STATE=present"
set "RG_TYPE="
set "RG_DATA=%FEATURE%"
call :state_write %OP%
if errorlevel 1 goto :save_failed
:feature_set
call :feature_get
if /i "%FEATURE%"=="Disabled" goto :feature_check
if /i "%FEATURE%"=="Disable" goto :feature_check
set "RD_CHANGED=1"
"%RD_DISM%" /english /online /disable-feature /featurename:%OP_FEATURE% /norestart /quiet >nul 2>&1
:feature_check
call :feature_get
if not defined FEATURE goto :service_no_answer
if /i "%FEATURE%"=="Disabled" goto :feature_good
rem Pending counts after set, which asks for a restart; it does not count as verified.
if /i "%FEATURE%"=="Disable" if not "%RD_MODE%"=="verify" goto :feature_good
call :bad feature-is-%FEATURE%
exit /b 1
:feature_good
call :good
exit /b 0
:feature_undo
call :state_read %OP%
if errorlevel 1 goto :undone_nothing
if /i not "%SV_DATA%"=="Enabled" if /i not "%SV_DATA%"=="Enable" goto :feature_undone
set "RD_CHANGED=1"
"%RD_DISM%" /english /online /enable-feature /featurename:%OP_FEATURE% /all /norestart /quiet >nul 2>&1
call :feature_get
if /i not "%FEATURE%"=="Enabled" if /i not "%FEATURE%"=="Enable" goto :undo_failed
:feature_undone
del /q "%RD_DIR%\%OP%.sav" >nul 2>&1
call :good restored
exit /b 0
