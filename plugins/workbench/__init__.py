"""The workbench 审核工作台: pages inside Airflow's API server. Thin: what is shown and done is the library's."""
