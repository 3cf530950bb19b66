"""What the codes mean whose text is put together only where it is told."""

MEANINGS = {
    "E-BATCH-CHANGED": "A case was done from other files, with other settings or by another version; its result stays "
    "until `--overwrite` allows replacing it.",
    "E-BATCH-MEMORY": "A case of a batch took more memory than `--memory` allows; its process was ended.",
    "E-BATCH-ROW": "A row of a table of cases cannot run; the text says what is missing or wrong in it.",
    "E-BATCH-TIME": "A case of a batch took longer than `--time` allows; its process was ended.",
    "E-CROP": "The shape, spacing, window or way of registration of the regions that a network is shown cannot be.",
    "E-DICOM-KIND": "A DICOM file holds no images that are frames over time, such as a localiser, a report or images "
    "that differ in something else than time; the text says what it holds.",
    "E-DICOM-MOSAIC": "A Siemens mosaic cannot be cut into its slices; the text says what it lacks or where it "
    "contradicts itself.",
    "E-FILE-CORRUPT": "A file is damaged, cut off or contradicts itself; the text says where.",
    "E-NO-POINT": "A curve was asked for at the position of the mouse, and no position in an image is known yet.",
    "E-PACKAGE": "What was asked for needs a package that is not installed; the text says which, and how to get it.",
    "E-RUN": "The run ended in an error that has no code of its own; the text says which.",
    "E-SCENE-FACT": "Something that a scene keeps of a series or a result cannot be read any more; the text says what.",
    "E-TIME-ORDER": "A frame has a time that is not later than that of the frame before it; the text names both.",
    "W-SEGMENT": "A segment that is compared was missed, is not in the reference, or is in neither of both.",
    "I-LOG-RANK": "Survival of thirds of the patients by their predicted risk, compared by the log-rank test.",
    "N-GROWTH-COURSE": "What lesions did between the visits, such as to vanish or to return; the text names them.",
}
